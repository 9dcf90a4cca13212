"""Backfill of 0004: kinds of older movements become English; then the ledger is append-only again.

A batch locks only its own rows, which nobody else changes, so requests never wait. A run that was
interrupted can be run again: it finds the rows that are left.
"""

from alembic import op
from sqlalchemy import text

revision = "0005"
down_revision = "0004"

BATCH_ROWS = 10_000  # of one transaction

LAST_ID = text("SELECT coalesce(max(id), 0) FROM movements")
TRANSLATE = text("""
    UPDATE movements SET kind = kind_in_english(kind)
    WHERE id BETWEEN :first AND :last AND kind IN ('vente', 'annulation', 'ajustement')
""")

CLOSE = (
    # NOT VALID: each row was translated above or written in English, so no row has to be read.
    """
    ALTER TABLE movements
        DROP CONSTRAINT movements_kind,
        ADD CONSTRAINT movements_kind
            CHECK (kind IN ('sale', 'cancellation', 'reception', 'adjustment')) NOT VALID
    """,
    "DROP TRIGGER kinds_are_translated_only ON movements",
    "DROP TRIGGER movements_are_append_only ON movements",
    """
    CREATE TRIGGER movements_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)


def upgrade() -> None:
    # Each statement commits by itself. Rows that come meanwhile are English already.
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        last_id = connection.execute(LAST_ID).scalar_one()
        for first in range(1, last_id + 1, BATCH_ROWS):
            connection.execute(TRANSLATE, {"first": first, "last": first + BATCH_ROWS - 1})
    for statement in CLOSE:
        op.execute(statement)
