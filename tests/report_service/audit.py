"""Computes every counter from the facts by brute force."""

from tests.report_service.conftest import Projection

_LINES = """
    (SELECT sale_id, sum(quantity) AS units FROM sale_line_facts GROUP BY sale_id) AS l
"""
_OF_SALES = "count(*), sum(units), sum(total_cents), sum(tax_cents)"
_OF_LINES = "count(DISTINCT sale_id), sum(quantity), sum(amount_cents)"
_SALES = f"sale_facts JOIN {_LINES} USING (sale_id)"
_SALE_LINES = "sale_facts AS s JOIN sale_line_facts AS l USING (sale_id)"
_MONTH = "CAST(date_trunc('month', business_date) AS date)"

# Counter rows, and the same rows from the facts.
PAIRS = {
    "store_days": (
        "SELECT business_date, store_id, sales_count, units, amount_cents, tax_cents"
        " FROM store_days",
        f"SELECT business_date, store_id, {_OF_SALES} FROM {_SALES} GROUP BY 1, 2",
    ),
    "store_months": (
        "SELECT month, store_id, sales_count, units, amount_cents, tax_cents FROM store_months",
        f"SELECT {_MONTH}, store_id, {_OF_SALES} FROM {_SALES} GROUP BY 1, 2",
    ),
    "store_totals": (
        "SELECT store_id, sales_count, units, amount_cents, tax_cents FROM store_totals",
        f"SELECT store_id, {_OF_SALES} FROM {_SALES} GROUP BY 1",
    ),
    "chain_days": (
        "SELECT business_date, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)"
        " FROM chain_days GROUP BY 1",
        f"SELECT business_date, {_OF_SALES} FROM {_SALES} GROUP BY 1",
    ),
    "product_days": (
        "SELECT business_date, product_id, receipts, units, amount_cents FROM product_days",
        f"SELECT business_date, product_id, {_OF_LINES} FROM {_SALE_LINES} GROUP BY 1, 2",
    ),
    "product_months": (
        "SELECT month, product_id, receipts, units, amount_cents FROM product_months",
        f"SELECT {_MONTH}, product_id, {_OF_LINES} FROM {_SALE_LINES} GROUP BY 1, 2",
    ),
    "product_totals": (
        "SELECT product_id, receipts, units, amount_cents FROM product_totals",
        f"SELECT product_id, {_OF_LINES} FROM {_SALE_LINES} GROUP BY 1",
    ),
}


async def assert_counters_equal_facts(projection: Projection) -> None:
    for table, (counters, facts) in PAIRS.items():
        assert sorted(await projection.rows(counters)) == sorted(await projection.rows(facts)), (
            table
        )
