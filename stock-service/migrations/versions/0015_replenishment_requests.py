"""Let stores request goods from a logistics centre; a transfer fulfils a request."""

from alembic import op

revision = "0015"
down_revision = "0014"

REQUESTS = (
    # One transfer fulfils one request: the second defence against a request that is filled twice.
    """
    CREATE TABLE replenishment_requests (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        store_id int NOT NULL,
        product_id int NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0),
        status text NOT NULL DEFAULT 'pending' CHECK (status IN (
            'pending', 'approved', 'refused', 'prepared', 'shipped', 'received'
        )),
        centre_id int,
        transfer_id uuid UNIQUE REFERENCES transfers,
        reason text,
        created_at timestamptz NOT NULL DEFAULT now(),
        created_by text,
        changed_at timestamptz NOT NULL DEFAULT now(),
        changed_by text,
        CHECK ((transfer_id IS NOT NULL) = (status IN ('shipped', 'received')))
    )
    """,
    "CREATE INDEX replenishment_requests_by_store ON replenishment_requests (store_id, id)",
    "CREATE INDEX replenishment_requests_by_centre ON replenishment_requests (centre_id, id)",
    """
    CREATE INDEX replenishment_requests_open ON replenishment_requests (store_id, product_id)
        INCLUDE (quantity) WHERE status IN ('pending', 'approved', 'prepared')
    """,
)


def upgrade() -> None:
    for statement in REQUESTS:
        op.execute(statement)
