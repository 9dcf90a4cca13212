"""Creates the journal of who did what and when."""

from alembic import op

revision = "0009"
down_revision = "0008"

JOURNAL = (
    # An event that is delivered again has the same primary key. Without an actor nobody knows who
    # acted; without a store the change is of the whole chain.
    """
    CREATE TABLE journal (
        event_id uuid PRIMARY KEY,
        recorded_at timestamptz NOT NULL,
        actor text,
        kind text COLLATE "C" NOT NULL,
        store_id int,
        subject text NOT NULL
    )
    """,
    # A page of each kind is read from the end of one of these. By time alone it is the first.
    "CREATE INDEX journal_by_kind ON journal (kind, recorded_at, event_id)",
    "CREATE INDEX journal_by_store ON journal (store_id, kind, recorded_at, event_id)",
    "CREATE INDEX journal_by_actor ON journal (actor, kind, recorded_at, event_id)",
)


def upgrade() -> None:
    for statement in JOURNAL:
        op.execute(statement)
