"""One day of one store computed anew from the facts, and all that is summed from it."""

from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events import positions

# In order: each counter from the one below it. Chain and product rows belong to all stores, so
# the whole day of those is computed anew. The labels of products stay as they are.
_STEPS = (
    "DELETE FROM store_days WHERE store_id = :store_id AND business_date = :day",
    """
    INSERT INTO store_days
        (business_date, store_id, sales_count, units, amount_cents, tax_cents)
    SELECT f.business_date, f.store_id, count(*),
        coalesce(sum(l.units), 0), sum(f.total_cents), sum(f.tax_cents)
    FROM sale_facts AS f LEFT JOIN LATERAL (
        SELECT sum(quantity) AS units FROM sale_line_facts WHERE sale_id = f.sale_id) AS l ON true
    WHERE f.store_id = :store_id AND f.business_date = :day
    GROUP BY f.business_date, f.store_id
    """,
    "DELETE FROM store_months WHERE store_id = :store_id AND month = :month",
    """
    INSERT INTO store_months (month, store_id, sales_count, units, amount_cents, tax_cents)
    SELECT :month, store_id, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)
    FROM store_days
    WHERE store_id = :store_id AND business_date >= :month AND business_date < :following
    GROUP BY store_id
    """,
    "DELETE FROM store_totals WHERE store_id = :store_id",
    """
    INSERT INTO store_totals (store_id, sales_count, units, amount_cents, tax_cents)
    SELECT store_id, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)
    FROM store_months WHERE store_id = :store_id GROUP BY store_id
    """,
    "DELETE FROM chain_days WHERE business_date = :day",
    """
    INSERT INTO chain_days
        (business_date, stripe, sales_count, units, amount_cents, tax_cents)
    SELECT business_date, 0, sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)
    FROM store_days WHERE business_date = :day GROUP BY business_date
    """,
    "DELETE FROM product_days WHERE business_date = :day",
    """
    INSERT INTO product_days (business_date, product_id, receipts, units, amount_cents)
    SELECT f.business_date, l.product_id, count(DISTINCT f.sale_id), sum(l.quantity),
        sum(l.amount_cents)
    FROM (SELECT id AS store_id FROM (SELECT DISTINCT store_id AS id FROM store_days
            WHERE business_date = :day) AS ids) AS s
    JOIN sale_facts AS f ON f.store_id = s.store_id AND f.business_date = :day
    JOIN sale_line_facts AS l USING (sale_id)
    GROUP BY f.business_date, l.product_id
    """,
    "DELETE FROM product_months WHERE month = :month",
    """
    INSERT INTO product_months (month, product_id, receipts, units, amount_cents)
    SELECT :month, product_id, sum(receipts), sum(units), sum(amount_cents) FROM product_days
    WHERE business_date >= :month AND business_date < :following GROUP BY product_id
    """,
    """
    UPDATE product_totals AS t
    SET receipts = m.receipts, units = m.units, amount_cents = m.amount_cents
    FROM (
        SELECT product_id, sum(receipts) AS receipts, sum(units) AS units,
            sum(amount_cents) AS amount_cents
        FROM product_months GROUP BY product_id
    ) AS m
    WHERE m.product_id = t.product_id
      AND (t.receipts, t.units, t.amount_cents) <> (m.receipts, m.units, m.amount_cents)
    """,
)
_READ = text("""
    SELECT sales_count, units, amount_cents, tax_cents FROM store_days
    WHERE store_id = :store_id AND business_date = :day
""")

Figures = tuple[int, ...] | None
FIGURES = "sales, units, cents, cents of tax"


async def rebuild_store_day(
    session: AsyncSession, store_id: int, day: date
) -> tuple[Figures, Figures]:
    """Compute a day of a store anew; its (sales, units, cents, tax cents) before and after.

    The live consumer stands for the length of the transaction.
    """
    month = day.replace(day=1)
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    key = {"store_id": store_id, "day": day}
    # A date in a SELECT list has no type of its own for the driver.
    dates = {"month": month, "following": following}
    before = (await session.execute(_READ, key)).one_or_none()
    await positions.stop_consumers(session)
    for step in _STEPS:
        typed = step.replace("SELECT :month", "SELECT CAST(:month AS date)")
        given = {name: value for name, value in (key | dates).items() if f":{name}" in typed}
        await session.execute(text(typed), given)
    after = (await session.execute(_READ, key)).one_or_none()
    return (tuple(before) if before else None, tuple(after) if after else None)
