"""SQL that sums up the documents of a store and day, and finds the days that have some."""

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.day_totals import DayTotals

# The documents and the days are those of one snapshot, because this is one statement. A movement of
# cash is never late: a closed day takes none.
_SUM_DAY = text("""
    WITH receipts AS MATERIALIZED (
        SELECT * FROM sales
        WHERE store_id = :store_id AND business_date = :day AND is_late = :is_late
            AND status IN ('confirmed', 'voided')
    ), sold AS MATERIALIZED (
        SELECT * FROM receipts WHERE status = 'confirmed'
    ), back AS MATERIALIZED (
        SELECT * FROM returns
        WHERE store_id = :store_id AND business_date = :day AND is_late = :is_late
    ), of_sales AS (
        SELECT count(*) AS sale_count, coalesce(sum(total_cents + discount_cents), 0) AS gross,
            coalesce(sum(discount_cents), 0) AS discounts,
            coalesce(sum(cash_rounding_cents), 0) AS rounding,
            coalesce(sum(total_cents + tax_cents) FILTER (WHERE payments = '[]'), 0) AS unstated
        FROM sold
    ), of_returns AS (
        SELECT count(*) AS return_count, coalesce(sum(total_cents), 0) AS returned,
            coalesce(sum(cash_rounding_cents), 0) AS rounding,
            coalesce(sum(total_cents + tax_cents) FILTER (WHERE payments = '[]'), 0) AS unstated
        FROM back
    ), of_voids AS (
        SELECT count(*) AS void_count, coalesce(sum(total_cents), 0) AS voided
        FROM receipts WHERE status = 'voided'
    ), taxed AS (
        SELECT code, amount_cents
        FROM sold, jsonb_to_recordset(taxes) AS tax(code text, amount_cents bigint)
        UNION ALL
        SELECT code, -amount_cents
        FROM back, jsonb_to_recordset(taxes) AS tax(code text, amount_cents bigint)
    ), by_code AS (
        SELECT code, sum(amount_cents) AS amount_cents FROM taxed GROUP BY code ORDER BY code
    ), paid AS MATERIALIZED (
        SELECT register_id, method, amount_cents AS received, 0 AS paid_back
        FROM sold, jsonb_to_recordset(payments) AS paid(method text, amount_cents bigint)
        UNION ALL
        SELECT register_id, 'cash', -change_cents, 0 FROM sold WHERE change_cents > 0
        UNION ALL
        SELECT register_id, method, 0, amount_cents
        FROM back, jsonb_to_recordset(payments) AS paid(method text, amount_cents bigint)
    ), by_method AS (
        SELECT method, sum(received - paid_back) AS amount_cents FROM paid
        GROUP BY method HAVING sum(received - paid_back) <> 0 ORDER BY method
    ), cash AS (
        SELECT register_id, 0 AS float_cents, 0 AS paid_in_cents, 0 AS paid_out_cents,
            received AS cash_sales_cents, paid_back AS cash_returns_cents
        FROM paid WHERE method = 'cash'
        UNION ALL
        SELECT register_id, CASE kind WHEN 'float' THEN amount_cents ELSE 0 END,
            CASE kind WHEN 'paid-in' THEN amount_cents ELSE 0 END,
            CASE kind WHEN 'paid-out' THEN amount_cents ELSE 0 END, 0, 0
        FROM cash_movements
        WHERE store_id = :store_id AND business_date = :day AND NOT CAST(:is_late AS boolean)
    ), by_register AS (
        SELECT register_id, sum(float_cents) AS float_cents, sum(paid_in_cents) AS paid_in_cents,
            sum(paid_out_cents) AS paid_out_cents, sum(cash_sales_cents) AS cash_sales_cents,
            sum(cash_returns_cents) AS cash_returns_cents
        FROM cash GROUP BY register_id ORDER BY register_id COLLATE "C" NULLS LAST
    )
    SELECT jsonb_build_object(
        'sale_count', sale_count, 'gross_cents', gross, 'discount_cents', discounts,
        'return_count', return_count, 'return_cents', returned,
        'void_count', void_count, 'voided_cents', voided,
        'cash_rounding_cents', of_sales.rounding - of_returns.rounding,
        'unstated_cents', of_sales.unstated - of_returns.unstated,
        'first_number', (SELECT number FROM receipts ORDER BY length(number), number LIMIT 1),
        'last_number',
            (SELECT number FROM receipts ORDER BY length(number) DESC, number DESC LIMIT 1),
        'taxes', coalesce((SELECT jsonb_agg(to_jsonb(by_code)) FROM by_code), '[]'),
        'payments', coalesce((SELECT jsonb_agg(to_jsonb(by_method)) FROM by_method), '[]'),
        'registers', coalesce((SELECT jsonb_agg(to_jsonb(by_register)) FROM by_register), '[]')
    )
    FROM of_sales, of_returns, of_voids
""")


async def sum_day(
    session: AsyncSession, store_id: int, day: date, *, is_late: bool = False
) -> DayTotals:
    """Return the sums of a day over the documents in time, or over those that came late."""
    values = {"store_id": store_id, "day": day, "is_late": is_late}
    return msgspec.convert((await session.execute(_SUM_DAY, values)).scalar_one(), DayTotals)


_HAS_PENDING = text("""
    SELECT EXISTS (
        SELECT FROM sales
        WHERE store_id = :store_id AND status = 'pending' AND business_date <= :through
            AND NOT is_late
    )
""")


async def has_pending(session: AsyncSession, store_id: int, through: date) -> bool:
    """Return whether the stock has still to decide about sales of open days up to one."""
    values = {"store_id": store_id, "through": through}
    return bool((await session.execute(_HAS_PENDING, values)).scalar_one())


_DAYS_WITH_DOCUMENTS = text("""
    SELECT business_date FROM sales
    WHERE store_id = :store_id AND business_date <= :through
        AND business_date > coalesce(CAST(:after AS date), '-infinity')
        AND status IN ('confirmed', 'voided')
    UNION
    SELECT business_date FROM returns
    WHERE store_id = :store_id AND business_date <= :through
        AND business_date > coalesce(CAST(:after AS date), '-infinity')
    UNION
    SELECT business_date FROM cash_movements
    WHERE store_id = :store_id AND business_date <= :through
        AND business_date > coalesce(CAST(:after AS date), '-infinity')
    ORDER BY business_date LIMIT :most
""")


async def find_days_with_documents(
    session: AsyncSession, store_id: int, after: date | None, through: date, most: int | None = None
) -> Sequence[date]:
    """Return the first days after one and up to another that have sales, returns or cash."""
    values = {"store_id": store_id, "after": after, "through": through, "most": most}
    return (await session.execute(_DAYS_WITH_DOCUMENTS, values)).scalars().all()
