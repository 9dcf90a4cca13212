"""Give keys versions, former secrets and an end, and keep their last use."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V5

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in PLUMBING_V5:
        op.execute(statement)
