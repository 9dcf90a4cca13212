"""Keep thresholds: when a store is low on a product, when it orders, and up to how many units."""

from alembic import op

revision = "0016"
down_revision = "0015"

THRESHOLDS = (
    # Without a product it is the store's default.
    """
    CREATE TABLE stock_thresholds (
        store_id int NOT NULL,
        product_id int,
        low bigint CHECK (low >= 0),
        reorder_point bigint CHECK (reorder_point >= 0),
        target bigint CHECK (target >= reorder_point),
        changed_at timestamptz NOT NULL DEFAULT now(),
        changed_by text,
        UNIQUE NULLS NOT DISTINCT (store_id, product_id)
    )
    """,
)


def upgrade() -> None:
    for statement in THRESHOLDS:
        op.execute(statement)
