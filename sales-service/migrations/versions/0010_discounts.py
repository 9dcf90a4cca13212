"""Keep the discounts of a sale, and the catalogue's price beside that of a line.

Rows from before have no discounts, and nobody knows their catalogue's price. No row is rewritten:
the gross amounts are computed when they are read.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

DISCOUNTS = (
    # In the order in which a sale locks them: otherwise the two would wait for each other.
    """
    ALTER TABLE sales
        ADD COLUMN discounts jsonb,
        ADD COLUMN discount_cents bigint NOT NULL DEFAULT 0,
        ADD COLUMN gross_cents bigint GENERATED ALWAYS AS (total_cents + discount_cents) VIRTUAL
    """,
    """
    ALTER TABLE sale_lines
        ADD COLUMN list_price numeric(12, 4),
        ADD COLUMN line_discount_cents bigint NOT NULL DEFAULT 0,
        ADD COLUMN receipt_discount_cents bigint NOT NULL DEFAULT 0,
        ADD COLUMN discount_reason text,
        ADD COLUMN gross_cents bigint GENERATED ALWAYS AS
            (amount_cents + line_discount_cents + receipt_discount_cents) VIRTUAL
    """,
)


def upgrade() -> None:
    for statement in DISCOUNTS:
        op.execute(statement)
