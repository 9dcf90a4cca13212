"""Checks closed days: each sealed what its documents say, and takes none in time any more."""

from collections.abc import Awaitable, Callable, Iterator

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.day_totals import sum_day
from sales_service.domain.day_totals import DayTotals, with_counts

COMPARED_CLOSINGS = 1000  # only the newest: each one is summed up anew

_NEWEST = text("""
    SELECT store_id, business_date, totals FROM day_closings
    ORDER BY closed_at DESC, store_id, business_date LIMIT :count
""")


async def check_sealed(session: AsyncSession) -> list[str]:
    """Check that the totals of a closing are the sums of the documents in time of its day."""
    found: list[str] = []
    for row in (await session.execute(_NEWEST, {"count": COMPARED_CLOSINGS})).all():
        sealed = msgspec.convert(row.totals, DayTotals)
        recorded = await sum_day(session, row.store_id, row.business_date)
        found += [
            f"store {row.store_id} on {row.business_date}: {difference}"
            for difference in _compare(sealed, with_counts(recorded, _counts(sealed)))
        ]
    return found


def _counts(sealed: DayTotals) -> dict[str | None, int]:
    """Return the cash that was counted, by register: no document tells of it."""
    return {
        each.register_id: each.counted_cents
        for each in sealed.registers
        if each.counted_cents is not None
    }


def _compare(sealed: DayTotals, recorded: DayTotals) -> Iterator[str]:
    for name in DayTotals.__dataclass_fields__:
        was, is_now = getattr(sealed, name), getattr(recorded, name)
        if was != is_now:
            yield f"{name} {was} was sealed, {is_now} is recorded"


# A day without closing is closed, too, when a later one is. Documents from before a store's first
# closing may be there. The clock of that closing is a little before its end: what is recorded
# meanwhile may be in time.
_UNSEALED = text("""
    WITH documents AS (
        SELECT 'sale' AS kind, id, store_id, business_date, recorded_at, status = 'pending' AS waits
        FROM sales WHERE NOT is_late AND status IN ('pending', 'confirmed', 'voided')
        UNION ALL
        SELECT 'return', id, store_id, business_date, recorded_at, false
        FROM returns WHERE NOT is_late
        UNION ALL
        SELECT 'movement of cash', id, store_id, business_date, recorded_at, false
        FROM cash_movements
    ), first_closings AS (
        SELECT store_id, min(business_date) AS day, min(closed_at) AS closed_at
        FROM day_closings GROUP BY store_id
    )
    SELECT documents.kind, documents.id, store_id, business_date
    FROM documents JOIN stores ON stores.id = store_id JOIN first_closings AS first USING (store_id)
    WHERE business_date <= closed_through
        AND (business_date >= first.day OR recorded_at > first.closed_at + interval '1 minute')
        AND (waits OR NOT EXISTS (
            SELECT FROM day_closings AS closing
            WHERE closing.store_id = documents.store_id
                AND closing.business_date = documents.business_date))
    ORDER BY store_id, business_date, documents.id LIMIT 100
""")


async def check_unsealed(session: AsyncSession) -> list[str]:
    """Check that no closed day has a document in time that its closing does not know."""
    return [
        f"{row.kind} {row.id}: it came in time, to store {row.store_id} on {row.business_date},"
        " which was closed"
        for row in await session.execute(_UNSEALED)
    ]


_TOO_EARLY = text("""
    SELECT documents.kind, documents.id, store_id, business_date FROM (
        SELECT 'sale' AS kind, id, store_id, business_date FROM sales WHERE is_late
        UNION ALL
        SELECT 'return', id, store_id, business_date FROM returns WHERE is_late
    ) AS documents JOIN stores ON stores.id = store_id
    WHERE business_date > coalesce(closed_through, '-infinity')
    ORDER BY store_id, business_date, documents.id LIMIT 100
""")


async def check_late(session: AsyncSession) -> list[str]:
    """Check that what is marked as late is of a closed day."""
    return [
        f"{row.kind} {row.id} is late, and store {row.store_id} has not closed {row.business_date}"
        for row in await session.execute(_TOO_EARLY)
    ]


_UNMARKED = text("""
    SELECT store_id, business_date, closed_through
    FROM day_closings JOIN stores ON stores.id = store_id
    WHERE business_date > coalesce(closed_through, '-infinity')
    ORDER BY store_id, business_date LIMIT 100
""")


async def check_closed_through(session: AsyncSession) -> list[str]:
    """Check that a store knows of its newest closing."""
    return [
        f"store {row.store_id} closed {row.business_date}, and knows of {row.closed_through}"
        for row in await session.execute(_UNMARKED)
    ]


CHECKS: dict[str, Callable[[AsyncSession], Awaitable[list[str]]]] = {
    "closings are the sums of their days": check_sealed,
    "closed days take no documents in time": check_unsealed,
    "late documents are of closed days": check_late,
    "stores know how far they have closed": check_closed_through,
}
