"""Compares the counters with the facts, and the coarser counters with the finer ones.

Each comparison is one statement and so sees one state of the database, whatever is counted
meanwhile. A difference names the row and both values: found in the counters, expected from
what they count.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice

STORE_DAYS_PER_SLICE = 5
_FIRST = (0, date(1, 1, 1))
_LAST = (2**31 - 1, date(9999, 12, 31))

# The keys one after the other by the index, without reading the facts in between.
_NEXT_STORE_DAYS = text("""
    WITH RECURSIVE keys AS (
        (SELECT store_id, business_date FROM sale_facts
         WHERE (store_id, business_date) > (CAST(:store_id AS int), CAST(:day AS date))
         ORDER BY store_id, business_date LIMIT 1)
        UNION ALL
        SELECT following.* FROM keys, LATERAL (
            SELECT f.store_id, f.business_date FROM sale_facts AS f
            WHERE (f.store_id, f.business_date) > (keys.store_id, keys.business_date)
            ORDER BY f.store_id, f.business_date LIMIT 1) AS following
    )
    SELECT store_id, business_date FROM keys LIMIT :count
""")
_COMPARE_STORE_DAYS = text("""
    WITH sales AS (
        SELECT sale_id, store_id, business_date, total_cents, tax_cents FROM sale_facts
        WHERE (store_id, business_date) > (CAST(:store_id AS int), CAST(:day AS date))
          AND (store_id, business_date) <= (CAST(:last_id AS int), CAST(:last_day AS date))
    ), lines AS (
        SELECT sale_id, sum(quantity) AS units, sum(amount_cents) AS amount
        FROM sale_line_facts WHERE sale_id IN (SELECT sale_id FROM sales) GROUP BY sale_id
    ), expected AS (
        SELECT store_id, business_date,
            ROW(count(*), sum(units), sum(total_cents), sum(sales.tax_cents), sum(amount))::text
                AS content
        FROM sales LEFT JOIN lines USING (sale_id) GROUP BY store_id, business_date
    ), found AS (
        SELECT store_id, business_date,
            ROW(sales_count, units, amount_cents, tax_cents, amount_cents)::text AS content
        FROM store_days
        WHERE (store_id, business_date) > (CAST(:store_id AS int), CAST(:day AS date))
          AND (store_id, business_date) <= (CAST(:last_id AS int), CAST(:last_day AS date))
    )
    SELECT concat_ws('/', 'store_days', store_id, business_date) AS row, found.content AS found,
        expected.content AS expected
    FROM expected FULL JOIN found USING (store_id, business_date)
    WHERE found.content IS DISTINCT FROM expected.content
""")


async def look_at_store_days(session: AsyncSession, position: Any | None) -> Slice:
    """The counters of a few days of stores against their sales and lines."""
    first = position or _FIRST
    parameters = {"store_id": first[0], "day": first[1], "count": STORE_DAYS_PER_SLICE}
    keys = (await session.execute(_NEXT_STORE_DAYS, parameters)).all()
    is_over = len(keys) < STORE_DAYS_PER_SLICE
    last = _LAST if is_over else (keys[-1].store_id, keys[-1].business_date)
    rows = await session.execute(
        _COMPARE_STORE_DAYS,
        {"store_id": first[0], "day": first[1], "last_id": last[0], "last_day": last[1]},
    )
    return Slice(_describe(rows.all()), None if is_over else last)


_NEXT_DAY = text("""
    SELECT min(day) FROM (
        SELECT min(business_date) AS day FROM store_days WHERE business_date > :day
        UNION ALL SELECT min(business_date) FROM chain_days WHERE business_date > :day
        UNION ALL SELECT min(business_date) FROM product_days WHERE business_date > :day
    ) AS days
""")
_COMPARE_DAY = text("""
    WITH sales AS (
        SELECT f.sale_id FROM sale_facts AS f
        JOIN (SELECT store_id FROM store_days WHERE business_date = :day) AS s USING (store_id)
        WHERE f.business_date = :day
    ), expected AS (
        SELECT 'product_days' AS counter, product_id AS id,
            ROW(count(DISTINCT sale_id), sum(quantity), sum(amount_cents))::text AS content
        FROM sales JOIN sale_line_facts USING (sale_id) GROUP BY product_id
        UNION ALL
        SELECT 'chain_days', 0,
            ROW(sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents))::text
        FROM store_days WHERE business_date = :day HAVING count(*) > 0
    ), found AS (
        SELECT 'product_days' AS counter, product_id AS id,
            ROW(receipts, units, amount_cents)::text AS content
        FROM product_days WHERE business_date = :day
        UNION ALL
        SELECT 'chain_days', 0,
            ROW(sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents))::text
        FROM chain_days WHERE business_date = :day HAVING count(*) > 0
    )
    SELECT concat_ws('/', counter, CAST(:day AS date), id) AS row, found.content AS found,
        expected.content AS expected
    FROM expected FULL JOIN found USING (counter, id)
    WHERE found.content IS DISTINCT FROM expected.content
""")


async def look_at_days(session: AsyncSession, position: Any | None) -> Slice:
    """The products of one day against its lines, and the chain against its stores."""
    day = (await session.execute(_NEXT_DAY, {"day": position or date(1, 1, 1)})).scalar_one()
    if day is None:
        return Slice([], None)
    rows = await session.execute(_COMPARE_DAY, {"day": day})
    return Slice(_describe(rows.all()), day)


_NEXT_MONTH = text("""
    SELECT CAST(date_trunc('month', min(day)) AS date) FROM (
        SELECT min(business_date) AS day FROM store_days WHERE business_date >= :after
        UNION ALL SELECT min(month) FROM store_months WHERE month >= :after
        UNION ALL SELECT min(business_date) FROM product_days WHERE business_date >= :after
        UNION ALL SELECT min(month) FROM product_months WHERE month >= :after
    ) AS days
""")
_COMPARE_MONTH = text("""
    WITH expected AS (
        SELECT 'store_months' AS counter, store_id AS id,
            ROW(sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents))::text AS content
        FROM store_days WHERE business_date >= :month AND business_date < :after GROUP BY store_id
        UNION ALL
        SELECT 'product_months', product_id, ROW(sum(receipts), sum(units), sum(amount_cents))::text
        FROM product_days WHERE business_date >= :month AND business_date < :after
        GROUP BY product_id
    ), found AS (
        SELECT 'store_months' AS counter, store_id AS id,
            ROW(sales_count, units, amount_cents, tax_cents)::text AS content
        FROM store_months WHERE month = :month
        UNION ALL
        SELECT 'product_months', product_id, ROW(receipts, units, amount_cents)::text
        FROM product_months WHERE month = :month
    )
    SELECT concat_ws('/', counter, CAST(:month AS date), id) AS row, found.content AS found,
        expected.content AS expected
    FROM expected FULL JOIN found USING (counter, id)
    WHERE found.content IS DISTINCT FROM expected.content
""")


async def look_at_months(session: AsyncSession, position: Any | None) -> Slice:
    """The counters of one month against those of its days."""
    after = position or date(1, 1, 1)
    month = (await session.execute(_NEXT_MONTH, {"after": after})).scalar_one()
    if month is None:
        return Slice([], None)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    rows = await session.execute(_COMPARE_MONTH, {"month": month, "after": following})
    return Slice(_describe(rows.all()), following)


_COMPARE_TOTALS = text("""
    WITH expected AS (
        SELECT 'store_totals' AS counter, store_id AS id,
            ROW(sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents))::text AS content
        FROM store_months GROUP BY store_id
        UNION ALL
        SELECT 'product_totals', product_id, ROW(sum(receipts), sum(units), sum(amount_cents))::text
        FROM product_months GROUP BY product_id
    ), found AS (
        SELECT 'store_totals' AS counter, store_id AS id,
            ROW(sales_count, units, amount_cents, tax_cents)::text AS content FROM store_totals
        UNION ALL
        SELECT 'product_totals', product_id, ROW(receipts, units, amount_cents)::text
        FROM product_totals
    )
    SELECT concat_ws('/', counter, id) AS row, found.content AS found,
        expected.content AS expected
    FROM expected FULL JOIN found USING (counter, id)
    WHERE found.content IS DISTINCT FROM expected.content
""")


async def look_at_totals(session: AsyncSession, _: Any | None) -> Slice:
    """The running totals against the months."""
    return Slice(_describe((await session.execute(_COMPARE_TOTALS)).all()), None)


def _describe(rows: Sequence[Row[Any]]) -> list[str]:
    return [f"{row.row}: found {row.found}, expected {row.expected}" for row in rows]


CHECKS = (
    Check("store-days", look_at_store_days),
    Check("days", look_at_days),
    Check("months", look_at_months),
    Check("totals", look_at_totals),
)
