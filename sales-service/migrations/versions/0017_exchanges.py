"""Link the two documents of an exchange: the return, and the sale that its refund pays."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    # In the order in which an exchange locks the tables: otherwise the two would wait for each
    # other. A reference would be checked row by row while nobody sells; each document is written
    # before the other one, and both commit together.
    op.execute("ALTER TABLE sales ADD COLUMN exchange_return_id uuid")
    op.execute("ALTER TABLE returns ADD COLUMN exchange_sale_id uuid")
