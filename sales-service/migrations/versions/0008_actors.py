"""Keep who acts with events, dead letters, stores and products."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V6

revision = "0008"
down_revision = "0007"

# Null: unknown. A process from before this migration says nobody, and nobody knows of earlier rows.
ACTORS = (
    "ALTER TABLE stores ADD COLUMN changed_by text",
    "ALTER TABLE products ADD COLUMN changed_by text",
)


def upgrade() -> None:
    for statement in (*PLUMBING_V6, *ACTORS):
        op.execute(statement)
