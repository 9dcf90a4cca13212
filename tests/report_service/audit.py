"""Computes every counter from the facts by brute force."""

from tests.report_service.conftest import Projection

_MONTH = "CAST(date_trunc('month', business_date) AS date)"
# A row for each document and each line; a void and a return subtract.
_DOCUMENTS = """
    (SELECT store_id, business_date, 1 AS sale, 0 AS void, 0 AS refund, is_late, units, total_cents,
        tax_cents, discount_cents, cash_rounding_cents
    FROM sale_facts JOIN
        (SELECT sale_id, sum(quantity) AS units FROM sale_line_facts GROUP BY 1) AS l
        USING (sale_id)
    UNION ALL
    SELECT store_id, business_date, -1, 1, 0, is_late, -units, -total_cents, -tax_cents,
        -discount_cents, -cash_rounding_cents
    FROM sale_voids JOIN
        (SELECT sale_id, sum(quantity) AS units FROM sale_void_lines GROUP BY 1) AS l
        USING (sale_id)
    UNION ALL
    SELECT store_id, business_date, 0, 0, 1, is_late, -units, -total_cents, -tax_cents, 0,
        -cash_rounding_cents
    FROM return_facts JOIN
        (SELECT return_id, sum(quantity) AS units FROM return_line_facts GROUP BY 1) AS l
        USING (return_id)) AS documents
"""
_LINES = """
    (SELECT business_date, product_id, sale_id AS sold, NULL::uuid AS voided, quantity, amount_cents
    FROM sale_facts JOIN sale_line_facts USING (sale_id)
    UNION ALL
    SELECT business_date, product_id, NULL, sale_id, -quantity, -amount_cents
    FROM sale_voids JOIN sale_void_lines USING (sale_id)
    UNION ALL
    SELECT business_date, product_id, NULL, NULL, -quantity, -amount_cents
    FROM return_facts JOIN return_line_facts USING (return_id)) AS lines
"""
_OF_STORE = """
    sum(sale), sum(units), sum(total_cents), sum(tax_cents), sum(discount_cents), sum(refund),
    sum(-refund * total_cents), sum(void), sum(-void * total_cents), sum(cash_rounding_cents)
"""
_STORE_COLUMNS = """
    sales_count, units, amount_cents, tax_cents, discount_cents, returns_count, returned_cents,
    voids_count, voided_cents, cash_rounding_cents
"""
_OF_PRODUCT = "count(DISTINCT sold) - count(DISTINCT voided), sum(quantity), sum(amount_cents)"


def _amounts(column: str) -> str:
    parts = (
        f"SELECT store_id, business_date, key AS name, {sign} value::bigint AS cents"
        f" FROM {table}, jsonb_each_text({column})"
        for table, sign in (("sale_facts", "+"), ("sale_voids", "-"), ("return_facts", "-"))
    )
    return f"({' UNION ALL '.join(parts)}) AS amounts"


def _pairs_by(subject: str, name: str, column: str) -> dict[str, tuple[str, str]]:
    facts = _amounts(column)
    return {
        f"{subject}_days": (
            f"SELECT business_date, store_id, {name}, amount_cents FROM {subject}_days",
            f"SELECT business_date, store_id, name, sum(cents) FROM {facts} GROUP BY 1, 2, 3",
        ),
        f"{subject}_months": (
            f"SELECT month, store_id, {name}, amount_cents FROM {subject}_months",
            f"SELECT {_MONTH}, store_id, name, sum(cents) FROM {facts} GROUP BY 1, 2, 3",
        ),
        f"{subject}_totals": (
            f"SELECT store_id, {name}, amount_cents FROM {subject}_totals",
            f"SELECT store_id, name, sum(cents) FROM {facts} GROUP BY 1, 2",
        ),
    }


# Counter rows, and the same rows from the facts.
PAIRS = {
    "store_days": (
        f"SELECT business_date, store_id, {_STORE_COLUMNS} FROM store_days",
        f"SELECT business_date, store_id, {_OF_STORE} FROM {_DOCUMENTS} GROUP BY 1, 2",
    ),
    "late_days": (
        f"SELECT business_date, store_id, {_STORE_COLUMNS} FROM late_days",
        f"SELECT business_date, store_id, {_OF_STORE} FROM {_DOCUMENTS} WHERE is_late"
        " GROUP BY 1, 2",
    ),
    "store_months": (
        f"SELECT month, store_id, {_STORE_COLUMNS} FROM store_months",
        f"SELECT {_MONTH}, store_id, {_OF_STORE} FROM {_DOCUMENTS} GROUP BY 1, 2",
    ),
    "store_totals": (
        f"SELECT store_id, {_STORE_COLUMNS} FROM store_totals",
        f"SELECT store_id, {_OF_STORE} FROM {_DOCUMENTS} GROUP BY 1",
    ),
    "chain_days": (
        "SELECT business_date, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)"
        " FROM chain_days GROUP BY 1",
        "SELECT business_date, sum(sale), sum(units), sum(total_cents), sum(tax_cents)"
        f" FROM {_DOCUMENTS} GROUP BY 1",
    ),
    "product_days": (
        "SELECT business_date, product_id, receipts, units, amount_cents FROM product_days",
        f"SELECT business_date, product_id, {_OF_PRODUCT} FROM {_LINES} GROUP BY 1, 2",
    ),
    "product_months": (
        "SELECT month, product_id, receipts, units, amount_cents FROM product_months",
        f"SELECT {_MONTH}, product_id, {_OF_PRODUCT} FROM {_LINES} GROUP BY 1, 2",
    ),
    "product_totals": (
        "SELECT product_id, receipts, units, amount_cents FROM product_totals",
        f"SELECT product_id, {_OF_PRODUCT} FROM {_LINES} GROUP BY 1",
    ),
    **_pairs_by("payment", "method", "payments"),
    **_pairs_by("tax", "code", "taxes"),
}


async def assert_counters_equal_facts(projection: Projection) -> None:
    for table, (counters, facts) in PAIRS.items():
        assert sorted(await projection.rows(counters)) == sorted(await projection.rows(facts)), (
            table
        )
