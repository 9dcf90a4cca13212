"""Adds a batch's sums to every counter that a report reads, in one statement.

Seven statements would be seven round trips, during which others wait for the same rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.columns import columns
from report_service.db.counter_rows import (
    ChainDay,
    ProductDay,
    ProductMonth,
    ProductTotal,
    StoreDay,
    StoreMonth,
    StoreTotal,
)

_TYPES = {
    "business_date": "date",
    "month": "date",
    "store_id": "int",
    "product_id": "int",
    "stripe": "smallint",
    "last_name": "text",
    "last_category": "text",
    "last_sold_at": "timestamptz",
}
# The greatest of (instant, name, category) wins, so that no order of delivery shows.
_IS_LATER = """(excluded.last_sold_at, excluded.last_name, excluded.last_category)
        > (a.last_sold_at, a.last_name, a.last_category)"""
_LABELS = {
    "last_name": f"CASE WHEN {_IS_LATER} THEN excluded.last_name ELSE a.last_name END",
    "last_category": f"CASE WHEN {_IS_LATER} THEN excluded.last_category ELSE a.last_category END",
    "last_sold_at": "greatest(a.last_sold_at, excluded.last_sold_at)",
}


class _Table(NamedTuple):
    row: type[Any]
    key: tuple[str, ...]


_TABLES = {
    "store_days": _Table(StoreDay, ("business_date", "store_id")),
    "store_months": _Table(StoreMonth, ("month", "store_id")),
    "store_totals": _Table(StoreTotal, ("store_id",)),
    "chain_days": _Table(ChainDay, ("business_date", "stripe")),
    "product_days": _Table(ProductDay, ("business_date", "product_id")),
    "product_months": _Table(ProductMonth, ("month", "product_id")),
    "product_totals": _Table(ProductTotal, ("product_id",)),
}


def _addition(table: str) -> str:
    fields: tuple[str, ...] = _TABLES[table].row._fields
    key = _TABLES[table].key
    arrays = (f"CAST(:{table}_{name} AS {_TYPES.get(name, 'bigint')}[])" for name in fields)
    sums = (
        f"{name} = {_LABELS.get(name, f'a.{name} + excluded.{name}')}"
        for name in fields
        if name not in key
    )
    return f"""{table}_added AS (
        INSERT INTO {table} AS a ({", ".join(fields)})
        SELECT * FROM unnest({", ".join(arrays)})
        ON CONFLICT ({", ".join(key)}) DO UPDATE SET {", ".join(sums)}
    )"""


_ADD = text(f"WITH {', '.join(map(_addition, _TABLES))} SELECT 1")


async def add_to_counters(session: AsyncSession, rows: Mapping[str, Sequence[NamedTuple]]) -> None:
    """Add rows to each of the tables; none may be without."""
    parameters: dict[str, list[Any]] = {}
    for table in _TABLES:
        # Sorted: workers that meet on the same rows lock them in the same order and never deadlock.
        for name, values in columns(sorted(rows[table])).items():
            parameters[f"{table}_{name}"] = values
    await session.execute(_ADD, parameters)
