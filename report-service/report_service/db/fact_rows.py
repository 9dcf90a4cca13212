"""SQL that reads the facts as signed rows: a sale adds, its void and a return subtract.

Each SELECT ends before its condition. The audit and the rebuild of a day narrow it by `store_id`
and `business_date`, which only the table of the document has.
"""

FACT_TABLES = (
    *("sale_facts", "sale_line_facts"),
    *("sale_voids", "sale_void_lines"),
    *("return_facts", "return_line_facts"),
)


def _sums_of_lines(table: str, document: str, key: str, condition: str) -> str:
    return f"""JOIN LATERAL (
                SELECT sum(quantity) AS units, sum(amount_cents) AS amount_cents
                FROM {table} WHERE {table}.{key} = {document}.{key}) AS lines ON {condition}"""


def _document_rows(condition: str) -> tuple[str, ...]:
    """Return the SELECTs of the documents that meet a condition."""
    of_sale = _sums_of_lines("sale_line_facts", "sale_facts", "sale_id", condition)
    of_void = _sums_of_lines("sale_void_lines", "sale_voids", "sale_id", condition)
    of_return = _sums_of_lines("return_line_facts", "return_facts", "return_id", condition)
    return (
        f"""SELECT store_id, business_date, local_hour, 1 AS sales_count, lines.units,
                total_cents AS amount_cents, tax_cents, discount_cents,
                0 AS returns_count, 0 AS returned_cents, 0 AS voids_count, 0 AS voided_cents,
                cash_rounding_cents, lines.amount_cents AS of_lines
            FROM sale_facts {of_sale}""",
        f"""SELECT store_id, business_date, local_hour, -1, -lines.units,
                -total_cents, -tax_cents, -discount_cents,
                0, 0, 1, total_cents,
                -cash_rounding_cents, -lines.amount_cents
            FROM sale_voids {of_void}""",
        f"""SELECT store_id, business_date, local_hour, 0, -lines.units,
                -total_cents, -tax_cents, 0,
                1, total_cents, 0, 0,
                -cash_rounding_cents, -lines.amount_cents
            FROM return_facts {of_return}""",
    )


DOCUMENT_ROWS = _document_rows("true")
# What was recorded after its store had closed the business date.
LATE_ROWS = _document_rows("is_late")
# `sold` and `voided` are the receipts that a product gains and loses. A return leaves its receipt.
LINE_ROWS = (
    """SELECT store_id, business_date, local_hour, product_id, quantity AS units,
                lines.amount_cents, sale_id AS sold, CAST(NULL AS uuid) AS voided
            FROM sale_facts JOIN sale_line_facts AS lines USING (sale_id)""",
    """SELECT store_id, business_date, local_hour, product_id, -quantity,
                -lines.amount_cents, NULL, sale_id
            FROM sale_voids JOIN sale_void_lines AS lines USING (sale_id)""",
    """SELECT store_id, business_date, local_hour, product_id, -quantity,
                -lines.amount_cents, NULL, NULL
            FROM return_facts JOIN return_line_facts AS lines USING (return_id)""",
)


def _amounts_by(name: str, amounts: str) -> tuple[str, ...]:
    signs = {"sale_facts": "+", "sale_voids": "-", "return_facts": "-"}
    return tuple(
        f"""SELECT store_id, business_date, {name}, {sign} CAST(cents AS bigint) AS amount_cents
            FROM {table} CROSS JOIN LATERAL jsonb_each_text({amounts}) AS amounts({name}, cents)"""
        for table, sign in signs.items()
    )


PAYMENT_ROWS = _amounts_by("method", "payments")
TAX_ROWS = _amounts_by("code", "taxes")
