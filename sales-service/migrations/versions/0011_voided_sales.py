"""Let a sale be voided: who did it, when and why, and whether it was a till or the timeout.

The columns are empty for earlier sales. The API says `timeout` of those that were cancelled.
"""

from alembic import op
from sqlalchemy import text

revision = "0011"
down_revision = "0010"

# A new check is first of new rows only, so that sales do not wait until all old ones are read.
VOIDS = """
    ALTER TABLE sales
        ADD COLUMN IF NOT EXISTS void_origin text,
        ADD COLUMN IF NOT EXISTS void_reason text,
        ADD COLUMN IF NOT EXISTS voided_at timestamptz,
        ADD COLUMN IF NOT EXISTS voided_by text,
        DROP CONSTRAINT IF EXISTS sales_status_check,
        ADD CONSTRAINT sales_status_check CHECK (
            status IN ('pending', 'confirmed', 'rejected', 'cancelled', 'voided')
        ) NOT VALID,
        DROP CONSTRAINT IF EXISTS sales_void_check,
        ADD CONSTRAINT sales_void_check CHECK (
            void_origin IS NULL AND status <> 'voided'
            -- A check that is null passes.
            OR void_origin IS NOT NULL AND void_origin IN ('till', 'timeout')
                AND status IN ('cancelled', 'voided')
        ) NOT VALID
"""
CHECKS = ("sales_status_check", "sales_void_check")


def upgrade() -> None:
    op.execute(VOIDS)
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        # Millions of sales may take longer than other statements may. Nothing waits for it.
        connection.execute(text("SET statement_timeout = 0"))
        try:
            for check in CHECKS:
                connection.execute(text(f"ALTER TABLE sales VALIDATE CONSTRAINT {check}"))
        finally:
            connection.execute(text("SET statement_timeout = '60s'"))
