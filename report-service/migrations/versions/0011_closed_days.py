"""Keeps the closings of days, and counts the documents that were recorded after them."""

from alembic import op

revision = "0011"
down_revision = "0010"

# Nothing of before was late, so the earlier facts are not written again.
FACTS = ("sale_facts", "sale_voids", "return_facts")
TABLES = {
    "late_days": """
        business_date date NOT NULL,
        store_id int NOT NULL,
        sales_count bigint NOT NULL,
        units bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        discount_cents bigint NOT NULL,
        returns_count bigint NOT NULL,
        returned_cents bigint NOT NULL,
        voids_count bigint NOT NULL,
        voided_cents bigint NOT NULL,
        cash_rounding_cents bigint NOT NULL,
        PRIMARY KEY (business_date, store_id)
    """,
    # What the sales service sealed. `closed_by` is null where nobody knows; cash that nobody
    # counted has no difference.
    "closed_days": """
        business_date date NOT NULL,
        store_id int NOT NULL,
        closed_at timestamptz NOT NULL,
        closed_by text,
        is_automatic boolean NOT NULL,
        sales_count bigint NOT NULL,
        amount_cents bigint NOT NULL,
        tax_cents bigint NOT NULL,
        discount_cents bigint NOT NULL,
        returns_count bigint NOT NULL,
        returned_cents bigint NOT NULL,
        voids_count bigint NOT NULL,
        voided_cents bigint NOT NULL,
        cash_rounding_cents bigint NOT NULL,
        uncounted_registers int NOT NULL,
        cash_difference_cents bigint,
        PRIMARY KEY (store_id, business_date)
    """,
}


# The days of a chain are one stretch of this. Those of a store, and whether it has closed a later
# day, come from the primary key.
BY_DAY = "CREATE INDEX closed_days_by_day ON closed_days (business_date)"


def upgrade() -> None:
    for table in FACTS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN is_late boolean NOT NULL DEFAULT false")
    for table, columns in TABLES.items():
        op.execute(f"CREATE TABLE {table} ({columns})")
        op.execute(
            f"CREATE TRIGGER announce_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE"
            f" ON {table} FOR EACH STATEMENT EXECUTE FUNCTION announce_change('figures')"
        )
    op.execute(BY_DAY)
