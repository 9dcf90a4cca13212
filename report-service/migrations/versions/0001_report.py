"""Creates facts, counters, and copies of stock levels and labels."""

from alembic import op

from service_kit.database.kit_tables import PLUMBING_V1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Rows that change with every sale leave room on their page, so that an update stays on it.
_HOT = "WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)"

TABLES = (
    # The facts are the inbox, too: a sale that is delivered again has the same primary key.
    """
    CREATE TABLE sale_facts (
        sale_id uuid PRIMARY KEY,
        store_id int NOT NULL,
        business_date date NOT NULL,
        local_hour smallint NOT NULL,
        recorded_at timestamptz NOT NULL,
        counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        line_count int NOT NULL,
        total_cents bigint NOT NULL,
        tax_cents bigint NOT NULL
    )
    """,
    "CREATE INDEX sale_facts_by_store_day ON sale_facts (store_id, business_date)",
    """
    CREATE TABLE sale_line_facts (
        sale_id uuid NOT NULL,
        line_no int NOT NULL,
        product_id int NOT NULL,
        quantity int NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        PRIMARY KEY (sale_id, line_no)
    )
    """,
    # Date first in every key: a range of days is one stretch of the index.
    f"""
    CREATE TABLE store_days (
        business_date date NOT NULL,
        store_id int NOT NULL,
        sales_count bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        PRIMARY KEY (business_date, store_id)
    ) {_HOT}
    """,
    f"""
    CREATE TABLE store_months (
        month date NOT NULL CHECK (extract(day FROM month) = 1),
        store_id int NOT NULL,
        sales_count bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        PRIMARY KEY (month, store_id)
    ) {_HOT}
    """,
    f"""
    CREATE TABLE store_totals (
        store_id int PRIMARY KEY,
        sales_count bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL
    ) {_HOT}
    """,
    # One stripe per Kafka partition: workers never wait for each other on the chain's row.
    f"""
    CREATE TABLE chain_days (
        business_date date NOT NULL,
        stripe smallint NOT NULL,
        sales_count bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        PRIMARY KEY (business_date, stripe)
    ) {_HOT}
    """,
    f"""
    CREATE TABLE product_days (
        business_date date NOT NULL,
        product_id int NOT NULL,
        receipts bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        PRIMARY KEY (business_date, product_id)
    ) {_HOT}
    """,
    f"""
    CREATE TABLE product_months (
        month date NOT NULL CHECK (extract(day FROM month) = 1),
        product_id int NOT NULL,
        receipts bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        PRIMARY KEY (month, product_id)
    ) {_HOT}
    """,
    f"""
    CREATE TABLE product_totals (
        product_id int PRIMARY KEY,
        receipts bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        -- As on its latest sale, for as long as the catalogue's event has not arrived.
        last_name text COLLATE "C" NOT NULL,
        last_category text COLLATE "C" NOT NULL,
        last_sold_at timestamptz NOT NULL
    ) {_HOT}
    """,
    """
    CREATE TABLE stock_levels (
        store_id int NOT NULL,
        product_id int NOT NULL,
        on_hand int NOT NULL,
        version bigint NOT NULL,
        PRIMARY KEY (store_id, product_id)
    )
    """,
    """
    CREATE INDEX stock_levels_ruptures ON stock_levels (on_hand, store_id, product_id)
    WHERE on_hand <= 0
    """,
    """
    CREATE INDEX stock_levels_overstocks ON stock_levels (on_hand DESC, store_id, product_id)
    WHERE on_hand > 50
    """,
    """
    CREATE TABLE products (
        product_id int PRIMARY KEY,
        version bigint NOT NULL,
        sku text NOT NULL,
        name text NOT NULL,
        category text NOT NULL
    )
    """,
    """
    CREATE TABLE stores (
        store_id int PRIMARY KEY,
        version bigint NOT NULL,
        name text NOT NULL,
        city text NOT NULL,
        kind text NOT NULL
    )
    """,
    """
    CREATE TABLE freshness (
        topic text PRIMARY KEY,
        complete_until timestamptz NOT NULL
    ) WITH (fillfactor = 10)
    """,
)


def upgrade() -> None:
    for statement in (*PLUMBING_V1, *TABLES):
        op.execute(statement)
