"""SQL about the days of a store: how far they are closed, and by which clock."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class StoreDays:
    """How far the days of a store are closed, and what makes a business day of the time now.

    `closed_through` is the last closed day, and all days before it are closed; None: none is.
    """

    closed_through: date | None
    timezone: str
    cutoff_hour: int
    now: datetime
    is_active: bool


_SELECT = """
    SELECT closed_through, timezone, cutoff_hour, clock_timestamp() AS now, is_active
    FROM stores WHERE id = :id
"""
_LOCK = text(f"{_SELECT} FOR UPDATE")
_SHARE = text(f"{_SELECT} FOR SHARE")


async def lock_days(session: AsyncSession, store_id: int) -> StoreDays | None:
    """Lock a store's days to close some, until the transaction ends; None: no such store.

    It waits for documents of the store that are being written, and later ones wait for it. The time
    is the database's, which all processes share.
    """
    row = (await session.execute(_LOCK, {"id": store_id})).one_or_none()
    return None if row is None else StoreDays(**row._mapping)


async def share_days(session: AsyncSession, store_id: int) -> StoreDays:
    """Keep a store's days as they are until the transaction ends, and return them."""
    return StoreDays(**(await session.execute(_SHARE, {"id": store_id})).one()._mapping)


_ADVANCE = text("UPDATE stores SET closed_through = :through WHERE id = :id")


async def advance(session: AsyncSession, store_id: int, through: date) -> None:
    """Close the days of a store that has locked days, through this one.

    Neither the store's version nor its `ETag` changes.
    """
    await session.execute(_ADVANCE, {"id": store_id, "through": through})
