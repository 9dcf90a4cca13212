"""Create stores, products, sales and the kit's tables."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SALES = (
    "CREATE SEQUENCE store_ids AS int",
    "CREATE SEQUENCE product_ids AS int",
    """
    CREATE TABLE stores (
        id int PRIMARY KEY DEFAULT nextval('store_ids'),
        version bigint NOT NULL DEFAULT 1,
        name text NOT NULL UNIQUE,
        address text NOT NULL,
        city text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('store', 'logistics-centre')),
        timezone text NOT NULL,
        cutoff_hour smallint NOT NULL CHECK (cutoff_hour BETWEEN 0 AND 12),
        currency text NOT NULL,
        stock_policy text NOT NULL CHECK (stock_policy IN ('strict', 'permissive')),
        taxes jsonb NOT NULL,
        is_active boolean NOT NULL DEFAULT true,
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    """
    CREATE TABLE products (
        id int PRIMARY KEY DEFAULT nextval('product_ids'),
        version bigint NOT NULL DEFAULT 1,
        sku text NOT NULL UNIQUE,
        name text NOT NULL,
        description text NOT NULL,
        category text NOT NULL,
        unit_price numeric(12, 4) NOT NULL CHECK (unit_price >= 0),
        unit_cost numeric(12, 4) CHECK (unit_cost >= 0),
        is_active boolean NOT NULL DEFAULT true,
        updated_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE INDEX products_by_category ON products (category, name)",
    """
    CREATE TABLE sales (
        id uuid PRIMARY KEY,
        store_id int NOT NULL REFERENCES stores,
        number text NOT NULL,
        status text NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'cancelled')),
        stock_policy text NOT NULL,
        sold_at timestamptz NOT NULL,
        utc_offset_minutes smallint NOT NULL,
        recorded_at timestamptz NOT NULL,
        business_date date NOT NULL,
        local_hour smallint NOT NULL,
        currency text NOT NULL,
        register_id text,
        taxes jsonb NOT NULL,
        total_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        client_id text NOT NULL,
        decided_at timestamptz,
        missing jsonb,
        UNIQUE (store_id, number)
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX sales_by_store ON sales (store_id, id)",
    "CREATE INDEX sales_pending ON sales (recorded_at) WHERE status = 'pending'",
    """
    CREATE TABLE sale_lines (
        sale_id uuid NOT NULL REFERENCES sales,
        line_no smallint NOT NULL,
        product_id int NOT NULL REFERENCES products,
        product_name text NOT NULL,
        category text NOT NULL,
        quantity int NOT NULL CHECK (quantity > 0),
        unit_price numeric(12, 4) NOT NULL,
        unit_cost numeric(12, 4),
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        PRIMARY KEY (sale_id, line_no)
    )
    """,
)


def upgrade() -> None:
    for statement in (*PLUMBING_V1, *SALES):
        op.execute(statement)
