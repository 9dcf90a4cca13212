"""Creates levels, movements, the inbox of sales, the catalogue's copies and the kit's tables."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STOCK = (
    """
    CREATE TABLE stores (
        id int PRIMARY KEY,
        version bigint NOT NULL,
        name text NOT NULL,
        city text NOT NULL,
        kind text NOT NULL,
        stock_policy text NOT NULL CHECK (stock_policy IN ('strict', 'permissive')),
        is_active boolean NOT NULL
    )
    """,
    """
    CREATE TABLE products (
        id int PRIMARY KEY,
        version bigint NOT NULL,
        sku text NOT NULL,
        name text NOT NULL,
        category text NOT NULL,
        unit_price numeric(12, 4) NOT NULL,
        is_active boolean NOT NULL
    )
    """,
    # No foreign keys to the copies above: a sale may arrive before its product.
    # Free space in each page and no index on a changing column: updates then touch no index.
    """
    CREATE TABLE stock_levels (
        store_id int NOT NULL,
        product_id int NOT NULL,
        on_hand bigint NOT NULL DEFAULT 0
            CHECK (on_hand BETWEEN -1000000000000 AND 1000000000000),
        version bigint NOT NULL DEFAULT 0,
        updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (store_id, product_id)
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX stock_levels_by_product ON stock_levels (product_id, store_id)",
    """
    CREATE TABLE stock_movements (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        store_id int NOT NULL,
        product_id int NOT NULL,
        delta bigint NOT NULL CHECK (delta <> 0),
        balance_after bigint NOT NULL,
        level_version bigint NOT NULL,
        kind text NOT NULL CHECK (kind IN ('vente', 'annulation', 'reception', 'ajustement')),
        reason text,
        document_id uuid NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now(),
        -- A second defence: a level changes once per version, and a document counts once.
        UNIQUE (store_id, product_id, level_version),
        UNIQUE (document_id, kind, product_id, store_id)
    )
    """,
    "CREATE INDEX stock_movements_by_store ON stock_movements (store_id, id)",
    "CREATE INDEX stock_movements_by_product ON stock_movements (product_id, id)",
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END
    $$
    """,
    """
    CREATE TRIGGER stock_movements_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON stock_movements
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
    """
    CREATE TABLE sale_decisions (
        sale_id uuid PRIMARY KEY,
        store_id int NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('withdrawn', 'refused', 'returned')),
        decided_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in (*PLUMBING_V1, *STOCK):
        op.execute(statement)
