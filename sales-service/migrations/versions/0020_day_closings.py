"""Keep the closings of days, and the cash that is put into registers and taken out of them."""

from alembic import op

revision = "0020"
down_revision = "0019"

TABLES = (
    """
    CREATE TABLE day_closings (
        store_id int NOT NULL REFERENCES stores,
        business_date date NOT NULL,
        closed_at timestamptz NOT NULL,
        closed_by text,
        reason text,
        totals jsonb NOT NULL,
        PRIMARY KEY (store_id, business_date)
    )
    """,
    """
    CREATE TABLE cash_movements (
        id uuid PRIMARY KEY,
        store_id int NOT NULL REFERENCES stores,
        business_date date NOT NULL,
        register_id text,
        kind text NOT NULL CHECK (kind IN ('float', 'paid-in', 'paid-out')),
        amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
        reason text,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        client_id text NOT NULL
    )
    """,
    "CREATE INDEX cash_movements_by_day ON cash_movements (store_id, business_date, id)",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
