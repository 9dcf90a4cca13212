"""Keep what the goods of a transfer cost the sender.

Costs are of one unit, in the chain's currency, before taxes. Null: unknown, as in all earlier rows
and in those of a process from before this migration: their goods arrive at the receiver's average.
"""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute("ALTER TABLE transfer_lines ADD COLUMN unit_cost numeric(12, 4)")
