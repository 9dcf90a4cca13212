"""Keep who decides about a dead letter; the outbox has the columns of the other services."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V6

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for statement in PLUMBING_V6:
        op.execute(statement)
