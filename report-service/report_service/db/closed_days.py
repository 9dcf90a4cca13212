"""Writes the days that stores have closed, with the figures that were sealed then."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.arrays import as_arrays


class ClosedDay(NamedTuple):
    """A row of `closed_days`; the fields are its columns. The amount is net, as that of a day."""

    business_date: date
    store_id: int
    closed_at: datetime
    closed_by: str | None  # None: unknown, or it closed by itself
    is_automatic: bool
    sales_count: int
    amount_cents: int
    tax_cents: int
    discount_cents: int
    returns_count: int
    returned_cents: int
    voids_count: int
    voided_cents: int
    cash_rounding_cents: int
    uncounted_registers: int
    cash_difference_cents: int | None  # None: no register was counted


_TYPES = {
    "business_date": "date",
    "store_id": "int",
    "closed_at": "timestamptz",
    "closed_by": "text",
    "is_automatic": "boolean",
    "uncounted_registers": "int",
}
_ARRAYS = ", ".join(
    f"CAST(:{name} AS {_TYPES.get(name, 'bigint')}[])" for name in ClosedDay._fields
)
# A day closes once. An event that is delivered again has the same figures.
_INSERT = text(f"""
    INSERT INTO closed_days ({", ".join(ClosedDay._fields)}) SELECT * FROM unnest({_ARRAYS})
    ON CONFLICT (store_id, business_date) DO NOTHING
""")


async def insert_closed_days(session: AsyncSession, days: Sequence[ClosedDay]) -> None:
    """Insert the days that are not stored yet."""
    await session.execute(_INSERT, as_arrays(days))
