"""Widens levels to 64 bits, as in the stock service: any number of movements adds up to one."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE stock_levels ALTER COLUMN on_hand TYPE bigint")
