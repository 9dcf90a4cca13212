"""Counts discounts, voids, returns, payments and taxes by code beside the sales.

The facts of earlier sales are not written again: without a discount their gross amount is their
total, and the taxes of their codes come from the log, with the next rebuild.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

# Rows that change with every sale leave room on their page, so that an update stays on it.
_HOT = "WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)"

# Cents by method of payment, and by code of a tax. Null: none.
_AMOUNTS = "payments jsonb, taxes jsonb"
_LINES = """
        line_no int NOT NULL,
        product_id int NOT NULL,
        quantity int NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL
"""
FACTS = (
    """
    ALTER TABLE sale_facts
        ADD COLUMN discount_cents bigint NOT NULL DEFAULT 0,
        ADD COLUMN cash_rounding_cents bigint NOT NULL DEFAULT 0,
        ADD COLUMN payments jsonb,
        ADD COLUMN taxes jsonb
    """,
    # Whole receipts: a void may arrive before its sale is counted.
    f"""
    CREATE TABLE sale_voids (
        sale_id uuid PRIMARY KEY,
        store_id int NOT NULL,
        business_date date NOT NULL,
        local_hour smallint NOT NULL,
        voided_at timestamptz NOT NULL,
        counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        total_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        discount_cents bigint NOT NULL,
        cash_rounding_cents bigint NOT NULL,
        {_AMOUNTS}
    )
    """,
    "CREATE INDEX sale_voids_by_store_day ON sale_voids (store_id, business_date)",
    f"""
    CREATE TABLE sale_void_lines
        (sale_id uuid NOT NULL, {_LINES}, PRIMARY KEY (sale_id, line_no))
    """,
    f"""
    CREATE TABLE return_facts (
        return_id uuid PRIMARY KEY,
        sale_id uuid,
        store_id int NOT NULL,
        business_date date NOT NULL,
        local_hour smallint NOT NULL,
        recorded_at timestamptz NOT NULL,
        counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        total_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        cash_rounding_cents bigint NOT NULL,
        {_AMOUNTS}
    )
    """,
    "CREATE INDEX return_facts_by_store_day ON return_facts (store_id, business_date)",
    f"""
    CREATE TABLE return_line_facts
        (return_id uuid NOT NULL, {_LINES}, PRIMARY KEY (return_id, line_no))
    """,
)
OF_STORES = ("store_days", "store_months", "store_totals")
MEASURES = (
    *("discount_cents", "returns_count", "returned_cents"),
    *("voids_count", "voided_cents", "cash_rounding_cents"),
)
# Date first in every key: a range of days is one stretch of the index.
KEYS = {
    "days": "business_date date NOT NULL, store_id int NOT NULL",
    "months": "month date NOT NULL CHECK (extract(day FROM month) = 1), store_id int NOT NULL",
    "totals": "store_id int NOT NULL",
}
KEY_COLUMNS = {"days": "business_date, store_id", "months": "month, store_id", "totals": "store_id"}
BY = {"payment": "method", "tax": "code"}


def upgrade() -> None:
    for statement in FACTS:
        op.execute(statement)
    for table in OF_STORES:
        added = (f"ADD COLUMN {name} bigint NOT NULL DEFAULT 0" for name in MEASURES)
        op.execute(f"ALTER TABLE {table} {', '.join(added)}")
    for subject, column in BY.items():
        for period, key in KEYS.items():
            table = f"{subject}_{period}"
            op.execute(f"""
                CREATE TABLE {table} (
                    {key},
                    {column} text COLLATE "C" NOT NULL,
                    amount_cents bigint NOT NULL,
                    PRIMARY KEY ({KEY_COLUMNS[period]}, {column})
                ) {_HOT}
            """)
            op.execute(
                f"CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
                f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION announce_change('figures')"
            )
