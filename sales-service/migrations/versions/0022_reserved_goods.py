"""Keep the reservation that a sale names, and why the stock could not use it."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    # The stock owns reservations: there is nothing to refer to, and nothing to check here.
    op.execute("ALTER TABLE sales ADD COLUMN reservation_id uuid")
    op.execute("ALTER TABLE sales ADD COLUMN reservation_fault text")
