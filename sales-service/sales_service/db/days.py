"""Reads which business date a sale of now has: in a store, and for the chain.

The database's clock tells it. A store that has closed today sells on the next business date.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.business_day import selling_day

_STORE = text("""
    SELECT now() AS now, timezone, cutoff_hour, closed_through FROM stores WHERE id = :id
""")
_OPEN_STORES = text("""
    SELECT DISTINCT now() AS now, timezone, cutoff_hour, closed_through FROM stores
    WHERE is_active AND kind = 'store'
""")


async def read_store_day(session: AsyncSession, store_id: int) -> date | None:
    """Return the business date in a store, or None when there is no such store."""
    row = (await session.execute(_STORE, {"id": store_id})).one_or_none()
    return None if row is None else _day_of(row)


async def read_chain_day(session: AsyncSession) -> date:
    """Return the chain's business date: the earliest one that an open store still has.

    So a price from today on counts at once in every store.
    """
    return min(await _read_days(session), default=datetime.now(UTC).date())


async def read_latest_day(session: AsyncSession) -> date:
    """Return the latest business date that an open store has: what begins later has not begun."""
    return max(await _read_days(session), default=datetime.now(UTC).date())


async def _read_days(session: AsyncSession) -> list[date]:
    return [_day_of(row) for row in await session.execute(_OPEN_STORES)]


def _day_of(row: Row[Any]) -> date:
    return selling_day(row.now, row.timezone, row.cutoff_hour, row.closed_through)
