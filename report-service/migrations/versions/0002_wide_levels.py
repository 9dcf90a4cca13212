"""A level is the sum of any number of movements: 64 bits, as in the stock service."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE stock_levels ALTER COLUMN on_hand TYPE bigint")
