"""Announce changes of keys to processes that cache callers."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V3

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in PLUMBING_V3:
        op.execute(statement)
