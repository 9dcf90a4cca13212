"""Let head office declare levels: the inbox of declarations, and two kinds of movements."""

from alembic import op

revision = "0008"
down_revision = "0007"

DECLARATIONS = (
    # A count that agrees with the level moves nothing, and must not be applied again later.
    """
    CREATE TABLE level_declarations (
        declaration_id uuid PRIMARY KEY,
        store_id int NOT NULL,
        product_id int NOT NULL,
        kind text NOT NULL CHECK (kind IN ('opening', 'count')),
        quantity bigint NOT NULL CHECK (quantity >= 0),
        delta bigint NOT NULL,
        declared_at timestamptz NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    # NOT VALID: the check before it let fewer kinds pass, so no row has to be read.
    """
    ALTER TABLE movements
        DROP CONSTRAINT movements_kind,
        ADD CONSTRAINT movements_kind CHECK (kind IN (
            'sale', 'cancellation', 'reception', 'adjustment', 'opening', 'count'
        )) NOT VALID
    """,
)


def upgrade() -> None:
    for statement in DECLARATIONS:
        op.execute(statement)
