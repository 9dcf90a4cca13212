"""Mark the sales of offline tills that their key had no right to."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # With constant defaults no row is rewritten. A process that does not know the columns records
    # no sales of offline tills.
    op.execute("""
        ALTER TABLE sales
            ADD COLUMN is_price_forced boolean NOT NULL DEFAULT false,
            ADD COLUMN is_backdated boolean NOT NULL DEFAULT false
    """)
