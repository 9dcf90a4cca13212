"""Adds the ends of the log that the relay knows, and the replay of dead letters."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V2

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in PLUMBING_V2:
        op.execute(statement)
