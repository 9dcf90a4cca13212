"""Keep alerts, and with each level what it needs to know when one opens or closes."""

from alembic import op

revision = "0019"
down_revision = "0018"

ALERTS = (
    # Without a store they are those of a product, or of the chain.
    "ALTER TABLE stock_thresholds ALTER COLUMN store_id DROP NOT NULL",
    "ALTER TABLE stock_thresholds ADD COLUMN high bigint CHECK (high >= 0 AND high >= low)",
    # A copy of the limits in force and of the alerts that are open, so that a sale finds in the row
    # that it locks whether it crosses a limit. `is_watched` is null until somebody has looked.
    """
    ALTER TABLE stock_levels
        ADD COLUMN is_watched boolean,
        ADD COLUMN open_alerts smallint NOT NULL DEFAULT 0,
        ADD COLUMN low bigint,
        ADD COLUMN low_clear bigint,
        ADD COLUMN high bigint,
        ADD COLUMN high_clear bigint
    """,
    """
    CREATE TABLE stock_alerts (
        id uuid PRIMARY KEY,
        store_id int NOT NULL,
        product_id int NOT NULL,
        kind text NOT NULL
            CHECK (kind IN ('out-of-stock', 'low', 'overstock', 'negative', 'below-reserved')),
        version int NOT NULL DEFAULT 1,
        limit_units bigint,
        on_hand bigint NOT NULL,
        reserved bigint NOT NULL,
        opened_at timestamptz NOT NULL,
        closed_at timestamptz,
        acknowledged_at timestamptz,
        acknowledged_by text,
        CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
    )
    """,
    """
    CREATE UNIQUE INDEX stock_alerts_open ON stock_alerts (store_id, product_id, kind)
    WHERE closed_at IS NULL
    """,
    "CREATE INDEX stock_alerts_by_store ON stock_alerts (store_id, id)",
    "CREATE INDEX stock_alerts_open_by_id ON stock_alerts (id) WHERE closed_at IS NULL",
    # Levels whose limits have changed, and how far the worker has come with them.
    """
    CREATE TABLE limit_changes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        store_id int,
        product_id int,
        after_store int NOT NULL DEFAULT 0,
        after_product int NOT NULL DEFAULT 0
    )
    """,
    # A store that has thresholds of a product wants it, also before it has had any.
    """
    INSERT INTO stock_levels (store_id, product_id)
    SELECT store_id, product_id FROM stock_thresholds WHERE product_id IS NOT NULL
    ON CONFLICT DO NOTHING
    """,
    "INSERT INTO limit_changes DEFAULT VALUES",
)


def upgrade() -> None:
    for statement in ALERTS:
        op.execute(statement)
