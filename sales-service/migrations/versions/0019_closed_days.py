"""Keep how far the days of a store are closed, and mark what is recorded for a closed day.

The day before yesterday is closed in each store, so that nothing recorded before counts as late.
An index is built without blocking sales. A run after an interrupted one builds it again.
"""

from alembic import op
from sqlalchemy import text

revision = "0019"
down_revision = "0018"

# A transaction for each: whatever the order in which others lock two tables, nobody waits in a
# ring. With constant defaults no row is rewritten.
COLUMNS = (
    "ALTER TABLE stores ADD COLUMN IF NOT EXISTS closed_through date",
    "ALTER TABLE sales ADD COLUMN IF NOT EXISTS is_late boolean NOT NULL DEFAULT false",
    "ALTER TABLE returns ADD COLUMN IF NOT EXISTS is_late boolean NOT NULL DEFAULT false",
)

# No process of before closes days: it would not know what is late.
CLOSE = """
    UPDATE stores SET closed_through = CAST(
        now() AT TIME ZONE timezone - make_interval(hours => cutoff_hour) AS date) - 2
    WHERE closed_through IS NULL
"""

INDEXES = {
    "late_sales": "sales (store_id, business_date) WHERE is_late",
    "late_returns": "returns (store_id, business_date) WHERE is_late",
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for statement in (*COLUMNS, CLOSE):
            connection.execute(text(statement))
        # Millions of sales may take longer than other statements may.
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET lock_timeout = '60s'"))
        try:
            for name, columns in INDEXES.items():
                connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
                connection.execute(text(f"CREATE INDEX CONCURRENTLY {name} ON {columns}"))
        finally:
            connection.execute(text("SET statement_timeout = '60s'"))
            connection.execute(text("SET lock_timeout = '500ms'"))
