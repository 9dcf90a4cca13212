"""Stores until when every event of a topic is in Kafka, as its producer has announced it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE published_events"
        " (topic text PRIMARY KEY, published_until timestamptz NOT NULL)"
    )
