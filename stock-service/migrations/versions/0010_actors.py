"""Keep who acts with events, dead letters and movements."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V6

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # Null: unknown, as in earlier movements and in those of a process from before this migration.
    for statement in (*PLUMBING_V6, "ALTER TABLE movements ADD COLUMN actor text"):
        op.execute(statement)
