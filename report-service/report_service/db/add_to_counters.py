"""Adds a batch's sums to every counter, in one statement.

A statement for each counter would cost a round trip each, and meanwhile other workers wait for
the same rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.counters import COLUMN_TYPES, Counter

Rows = Sequence[tuple[Any, ...]]


async def add_to_counters(session: AsyncSession, rows: Mapping[Counter, Rows]) -> None:
    """Add rows, as the counter's columns, to each counter. No counter may be without rows."""
    await session.execute(_addition_to(tuple(rows)), parameters_of(rows))


def parameters_of(rows: Mapping[Counter, Rows]) -> dict[str, list[Any]]:
    """Turn the rows into one array for each column of each counter."""
    return {
        f"{counter.table}_{column}": list(values)
        for counter, added in rows.items()
        # Sorted: workers that meet on the same rows lock them in one order and never deadlock.
        for column, values in zip(counter.columns, zip(*sorted(added), strict=True), strict=True)
    }


@cache
def _addition_to(counters: tuple[Counter, ...]) -> TextClause:
    return text(f"WITH {', '.join(map(_insertion, counters))} SELECT 1")


def _insertion(counter: Counter) -> str:
    table, columns = counter.table, counter.columns
    arrays = (f"CAST(:{table}_{name} AS {COLUMN_TYPES.get(name, 'bigint')}[])" for name in columns)
    return f"""{table}_added AS (
        INSERT INTO {table} AS a ({", ".join(columns)})
        SELECT * FROM unnest({", ".join(arrays)})
        ON CONFLICT ({", ".join(counter.key)}) DO UPDATE SET {", ".join(_updates(counter))}
    )"""


def _updates(counter: Counter) -> Iterator[str]:
    for name in counter.measures:
        yield f"{name} = a.{name} + excluded.{name}"
    # The greatest labels win, so that the order of delivery does not matter.
    ours = ", ".join(f"a.{name}" for name in counter.latest)
    given = ", ".join(f"excluded.{name}" for name in counter.latest)
    for name in counter.latest:
        yield f"{name} = CASE WHEN ({given}) > ({ours}) THEN excluded.{name} ELSE a.{name} END"
