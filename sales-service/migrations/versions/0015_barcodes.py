"""Give products a bar code, unique among those on sale, and find the retired ones.

An index is built without blocking sales. A run after an interrupted one builds them again.
"""

from alembic import op
from sqlalchemy import text

revision = "0015"
down_revision = "0014"

INDEXES = {
    # What is retired leaves its bar code to another product.
    "UNIQUE INDEX CONCURRENTLY products_by_barcode": (
        "products (barcode) WHERE is_active AND barcode IS NOT NULL"
    ),
    "INDEX CONCURRENTLY products_retired": "products (id) WHERE NOT is_active",
}


def upgrade() -> None:
    op.execute("ALTER TABLE products ADD COLUMN IF NOT EXISTS barcode text")
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        # It waits for the transactions under way, and nothing waits for it.
        connection.execute(text("SET lock_timeout = '60s'"))
        try:
            for index, columns in INDEXES.items():
                name = index.rpartition(" ")[2]
                connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
                connection.execute(text(f"CREATE {index} ON {columns}"))
        finally:
            connection.execute(text("SET lock_timeout = '500ms'"))
