"""Keep the store that a product was made for."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Without a default: no row is rewritten, and the lock lasts for milliseconds.
    op.execute("ALTER TABLE products ADD COLUMN home_store_id int REFERENCES stores")
