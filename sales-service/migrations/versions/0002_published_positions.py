"""Store the relay's positions in the log, and make dead letters replayable."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in PLUMBING_V2:
        op.execute(statement)
