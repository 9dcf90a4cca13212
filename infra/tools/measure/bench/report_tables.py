"""Make the report's rows of the sales in `seed` by SQL, as the consumer would have counted them.

The consumer takes minutes for millions of sales. `tests/tools/bench/test_report_tables.py` holds
these statements against the consumer's own code, table by table.
"""

from datetime import date

import asyncpg

from infra.tools.measure.bench.catalogue import PARTITIONS, fill_catalogue
from infra.tools.measure.bench.lab import Lab, say
from infra.tools.measure.bench.seed_tables import LINES_OF_BASKETS, TOTAL, fill_seed_tables

MOST_WITH_FACTS = 1_000_000
_LEVELS = "INSERT INTO stock_levels SELECT magasin_id, produit_id, quantite, 1 FROM seed.stocks"
_SALE_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(id), 12, '0'))::uuid"
_FOUR = "sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)"
_THREE = "sum(receipts), sum(units), sum(amount_cents)"
_FACTS = (
    f"""
    INSERT INTO sale_facts (sale_id, store_id, business_date, local_hour, recorded_at, line_count,
        total_cents, tax_cents)
    SELECT {_SALE_ID}, magasin_id, date, 12, date + time '12:00' AT TIME ZONE 'UTC', 3,
        total_cents, taxes_cents FROM seed.ventes
    """,
    f"""
    INSERT INTO sale_line_facts (sale_id, line_no, product_id, quantity, amount_cents, tax_cents)
    SELECT {_SALE_ID.replace("(id)", "(b.id)")}, line_no, product_id, quantity, amount_cents, 0
    FROM {LINES_OF_BASKETS}
    """,
)
_COUNTERS = (
    f"""
    CREATE TEMPORARY TABLE summed AS
    SELECT date, magasin_id, count(*) AS sales_count, sum(q1 + q2 + q3) AS units,
        sum({TOTAL}) AS amount_cents, sum(({TOTAL})::bigint * 15 / 100) AS tax_cents
    FROM seed.paniers GROUP BY date, magasin_id
    """,
    "INSERT INTO store_days SELECT * FROM summed",
    f"""INSERT INTO store_months SELECT date_trunc('month', date)::date, magasin_id, {_FOUR}
    FROM summed GROUP BY 1, 2""",
    f"INSERT INTO store_totals SELECT magasin_id, {_FOUR} FROM summed GROUP BY 1",
    f"""INSERT INTO chain_days SELECT date, magasin_id % {PARTITIONS}, {_FOUR}
    FROM summed GROUP BY 1, 2""",
    f"""
    INSERT INTO product_days
    SELECT date, product_id, count(*) FILTER (WHERE is_first), sum(quantity), sum(amount_cents)
    FROM {LINES_OF_BASKETS} GROUP BY 1, 2
    """,
    f"""INSERT INTO product_months SELECT date_trunc('month', business_date)::date, product_id,
    {_THREE} FROM product_days GROUP BY 1, 2""",
    f"""
    INSERT INTO product_totals
    SELECT product_id, {_THREE}, 'Produit ' || product_id, 'Rayon ' || product_id % 20,
        max(business_date) + time '12:00' AT TIME ZONE 'UTC'
    FROM product_days GROUP BY product_id
    """,
)


async def fill_report(lab: Lab, sales: int, last_day: date) -> str:
    """Make a database of the report with so many sales; return its name."""
    name = await lab.clone("report", f"report_{sales}")
    async with lab.connect(name) as connection:
        await fill_seed_tables(connection, sales, last_day)
        await fill_report_tables(connection, with_facts=sales <= MOST_WITH_FACTS)
        await connection.execute("DROP TABLE seed.paniers")
        await connection.execute("VACUUM ANALYZE", timeout=None)
    say(f"{name}: filled")
    return name


async def fill_report_tables(
    connection: "asyncpg.Connection[asyncpg.Record]", *, with_facts: bool
) -> None:
    """Fill catalogue, levels and counters. No report reads the facts, so they are optional."""
    await connection.execute("SET timezone = 'UTC'; SET work_mem = '512MB'")
    await fill_catalogue(connection, "report")
    for statement in (_LEVELS, *(_FACTS if with_facts else ()), *_COUNTERS):
        await connection.execute(statement, timeout=None)
