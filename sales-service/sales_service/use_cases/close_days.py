"""Closes days of a store: each gets its sealed totals and its event, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.business_days import StoreDays, advance, lock_days
from sales_service.db.day_closings import insert_closing, read_currency
from sales_service.db.day_totals import find_days_with_documents, has_pending, sum_day
from sales_service.domain.business_day import selling_day, today_in
from sales_service.domain.day_closings import DayClosing
from sales_service.domain.day_errors import DayIsClosed, DayLongPast, DayNotBegun, SalesPending
from sales_service.domain.day_totals import with_counts
from sales_service.domain.errors import UnknownStore
from sales_service.domain.sale import LATEST_OFFLINE
from sales_service.events.day_events import day_closed
from sales_service.telemetry import count_closed_day
from service_kit.events.outbox import add_to_outbox

# A day closes by itself when its sales can no longer be voided.
OPEN_DAYS = 2
MOST_DAYS = 31  # with documents, of one transaction


@dataclass(frozen=True, slots=True)
class Count:
    """The cash that a person counted, by register, and what that person says of it."""

    by: str
    cents: Mapping[str | None, int]
    reason: str | None


async def close_day(session: AsyncSession, store_id: int, day: date, count: Count) -> DayClosing:
    """Close a day of a store for a person, and the open days before it; return its closing.

    Raises `UnknownStore`, `DayIsClosed`, `DayLongPast`, `DayNotBegun` or `SalesPending`.
    """
    days = await lock_open_days(session, store_id, day)
    # A store that has closed today sells for tomorrow, and closes that tomorrow at the earliest.
    if day > today_in(days.now, days.timezone, days.cutoff_hour):
        raise DayNotBegun(day)
    if await has_pending(session, store_id, day):
        raise SalesPending
    before = day - timedelta(days=1)
    for each in await find_days_with_documents(session, store_id, days.closed_through, before):
        await _seal(session, store_id, each, days, None, by=count.by)
    closing = await _seal(session, store_id, day, days, count, by=count.by)
    await advance(session, store_id, day)
    return closing


async def lock_open_days(session: AsyncSession, store_id: int, day: date) -> StoreDays:
    """Lock the days of a store, which sells on this day or has an earlier one open.

    Raises `UnknownStore`, `DayIsClosed`, `DayLongPast` or `DayNotBegun`.
    """
    days = await lock_days(session, store_id)
    if days is None:
        raise UnknownStore
    if days.closed_through is not None and day <= days.closed_through:
        raise DayIsClosed(store_id, day)
    # Nothing says when a store opened: in a young one all days before are open.
    first_day = today_in(days.now, days.timezone, days.cutoff_hour) - LATEST_OFFLINE
    if day < first_day:
        raise DayLongPast(day, first_day)
    if day > selling_day(days.now, days.timezone, days.cutoff_hour, days.closed_through):
        raise DayNotBegun(day)
    return days


async def close_due_days(session: AsyncSession, store_id: int) -> int:
    """Close the days of a store that close by themselves; return how many had documents.

    It closes a bounded number of days, and none while the stock has to decide about their sales.
    """
    days = await lock_days(session, store_id)
    if days is None:
        return 0
    today = today_in(days.now, days.timezone, days.cutoff_hour)
    through = today - timedelta(days=OPEN_DAYS)
    if days.closed_through is not None and through <= days.closed_through:
        return 0
    if await has_pending(session, store_id, through):
        return 0
    found = await find_days_with_documents(
        session, store_id, days.closed_through, through, MOST_DAYS
    )
    for day in found:
        await _seal(session, store_id, day, days, None, by=None)
    await advance(session, store_id, through if len(found) < MOST_DAYS else found[-1])
    return len(found)


async def _seal(
    session: AsyncSession,
    store_id: int,
    day: date,
    days: StoreDays,
    count: Count | None,
    *,
    by: str | None,
) -> DayClosing:
    totals = await sum_day(session, store_id, day)
    if count is not None:
        totals = with_counts(totals, count.cents)
    closing = DayClosing(
        store_id=store_id,
        business_date=day,
        currency=await read_currency(session, store_id),
        closed_at=days.now,
        closed_by=by,
        reason=None if count is None else count.reason,
        totals=totals,
    )
    await insert_closing(session, closing)
    await add_to_outbox(session, [day_closed(closing)])
    count_closed_day(session, is_automatic=by is None)
    return closing
