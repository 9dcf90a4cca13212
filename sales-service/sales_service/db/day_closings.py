"""SQL about closed days and the movements of cash."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.day_closings import CashKind, CashMovement, DayClosing
from sales_service.domain.day_totals import DayTotals

_INSERT = text("""
    INSERT INTO day_closings (store_id, business_date, closed_at, closed_by, reason, totals)
    VALUES (:store_id, :business_date, :closed_at, :closed_by, :reason,
        CAST(CAST(:totals AS text) AS jsonb))
""")


async def insert_closing(session: AsyncSession, closing: DayClosing) -> None:
    await session.execute(
        _INSERT,
        {
            "store_id": closing.store_id,
            "business_date": closing.business_date,
            "closed_at": closing.closed_at,
            "closed_by": closing.closed_by,
            "reason": closing.reason,
            "totals": msgspec.json.encode(closing.totals).decode(),
        },
    )


_COLUMNS = "store_id, business_date, currency, closed_at, closed_by, reason, totals"
_LIST = text(f"""
    SELECT {_COLUMNS} FROM day_closings JOIN stores ON id = store_id
    WHERE store_id = :store_id
        AND business_date >= coalesce(CAST(:start AS date), '-infinity')
        AND business_date <= coalesce(CAST(:end AS date), 'infinity')
    ORDER BY business_date DESC LIMIT :most
""")


async def list_closings(
    session: AsyncSession, store_id: int, start: date | None, end: date | None, most: int
) -> list[DayClosing]:
    """Return the newest closings of a period of a store."""
    values = {"store_id": store_id, "start": start, "end": end, "most": most}
    return [_closing(row) for row in await session.execute(_LIST, values)]


def _closing(row: Row[Any]) -> DayClosing:
    return DayClosing(
        store_id=row.store_id,
        business_date=row.business_date,
        currency=row.currency,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        reason=row.reason,
        totals=msgspec.convert(row.totals, DayTotals),
    )


@dataclass(frozen=True, slots=True)
class DayState:
    """A day of a store: whether it is closed, and its closing if it has one."""

    currency: str
    is_closed: bool
    closing: DayClosing | None


_STATE = text(f"""
    SELECT coalesce(closed_through >= :day, false) AS is_closed, {_COLUMNS}
    FROM stores LEFT JOIN day_closings ON store_id = id AND business_date = :day
    WHERE id = :store_id
""")


async def read_day(session: AsyncSession, store_id: int, day: date) -> DayState | None:
    """Return the state of a day; None: no such store."""
    row = (await session.execute(_STATE, {"store_id": store_id, "day": day})).one_or_none()
    if row is None:
        return None
    is_sealed = row.closed_at is not None
    return DayState(row.currency, row.is_closed, _closing(row) if is_sealed else None)


_CURRENCY = text("SELECT currency FROM stores WHERE id = :id")


async def read_currency(session: AsyncSession, store_id: int) -> str:
    """Return the currency of a store that exists."""
    return str((await session.execute(_CURRENCY, {"id": store_id})).scalar_one())


# In UTC, because each store has a zone: the decision about a store follows when it is locked.
_MAYBE_DUE = text("""
    SELECT id FROM stores
    WHERE coalesce(closed_through, '-infinity')
        < CAST(clock_timestamp() AT TIME ZONE 'UTC' AS date) - 1
        AND id > :after
    ORDER BY id LIMIT :most
""")


async def find_maybe_due(session: AsyncSession, after: int, most: int) -> list[int]:
    """Return the first stores after an id that may have days to close by themselves."""
    rows = await session.execute(_MAYBE_DUE, {"after": after, "most": most})
    return list(rows.scalars())


_INSERT_MOVEMENT = text("""
    INSERT INTO cash_movements
        (id, store_id, business_date, register_id, kind, amount_cents, reason, recorded_at,
         client_id)
    VALUES (:id, :store_id, :business_date, :register_id, :kind, :amount_cents, :reason,
        :recorded_at, :client_id)
""")


async def insert_movement(session: AsyncSession, movement: CashMovement) -> None:
    names = CashMovement.__slots__
    await session.execute(_INSERT_MOVEMENT, {name: getattr(movement, name) for name in names})


_LIST_MOVEMENTS = text("""
    SELECT id, store_id, business_date, register_id, kind, amount_cents, reason, recorded_at,
        client_id
    FROM cash_movements
    WHERE store_id = :store_id AND business_date = :day
        AND id > coalesce(CAST(:after AS uuid), '00000000-0000-0000-0000-000000000000')
    ORDER BY id LIMIT :most
""")


async def list_movements(
    session: AsyncSession, store_id: int, day: date, after: UUID | None, most: int
) -> list[CashMovement]:
    """Return the first movements of cash of a day after one of them, oldest first."""
    values = {"store_id": store_id, "day": day, "after": after, "most": most}
    rows = await session.execute(_LIST_MOVEMENTS, values)
    return [CashMovement(**{**row._mapping, "kind": CashKind(row.kind)}) for row in rows]
