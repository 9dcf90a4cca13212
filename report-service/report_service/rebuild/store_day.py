"""Computes one day of one store anew from the facts, and all counters that are summed from it."""

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.counter_sources import FACTS_OF_DAY, select_source
from report_service.db.counters import COUNTERS, STORE_DAYS, Counter, Facts
from report_service.db.ranges import month_bounds
from service_kit.events import positions

Figures = tuple[int, ...] | None
FIGURES = ", ".join(STORE_DAYS.measures).replace("_", " ")

# The rows to compute anew, by the columns of their key.
_OF_STORE_DAY = {
    "store_id": "store_id = :store_id",
    "business_date": "business_date = :day",
    "month": "month = :month",
}
_READ = text(f"""
    SELECT {", ".join(STORE_DAYS.measures)} FROM store_days
    WHERE store_id = :store_id AND business_date = :day
""")


async def rebuild_store_day(
    session: AsyncSession, store_id: int, day: date, counters: Sequence[Counter] = COUNTERS
) -> tuple[Figures, Figures]:
    """Compute a day of a store anew and return its figures before and after.

    The rows that sum all stores are computed anew for the whole day and month. The labels of
    products stay as they are. The live consumer stops until the transaction ends.
    """
    month, following = month_bounds(day)
    # A statement uses some of them.
    parameters = {"store_id": store_id, "day": day, "month": month, "following": following}
    await positions.stop_consumers(session)
    before = (await session.execute(_READ, parameters)).one_or_none()
    for counter in counters:
        for statement in _statements(counter):
            await session.execute(text(statement), parameters)
    after = (await session.execute(_READ, parameters)).one_or_none()
    return (tuple(before) if before else None, tuple(after) if after else None)


def _statements(counter: Counter) -> Iterator[str]:
    source = select_source(counter, counter.key, _in_source(counter))
    if counter.latest:
        yield _update(counter, source)
        return
    conditions = [_OF_STORE_DAY[column] for column in counter.key if column in _OF_STORE_DAY]
    yield f"DELETE FROM {counter.table} WHERE {' AND '.join(conditions) or 'true'}"
    yield f"INSERT INTO {counter.table} ({', '.join((*counter.key, *counter.measures))}) {source}"


def _in_source(counter: Counter) -> str:
    """Return the condition on the source's rows that add up to the rows computed anew."""
    is_of_store = "store_id" in counter.key
    conditions = [_OF_STORE_DAY["store_id"]] if is_of_store else []
    if isinstance(counter.summed_from, Facts):
        conditions.append(_OF_STORE_DAY["business_date"] if is_of_store else FACTS_OF_DAY)
    elif "business_date" in counter.key:
        conditions.append(_OF_STORE_DAY["business_date"])
    elif "month" in counter.key:
        conditions.append("business_date >= :month AND business_date < :following")
    return " AND ".join(conditions) or "true"


def _update(counter: Counter, source: str) -> str:
    """Return an UPDATE of the measures alone, because the facts hold no labels."""
    ours, theirs = (", ".join(f"{of}.{name}" for name in counter.measures) for of in ("a", "sums"))
    is_same_row = " AND ".join(f"a.{name} = sums.{name}" for name in counter.key)
    return f"""
        UPDATE {counter.table} AS a SET ({", ".join(counter.measures)}) = ROW({theirs})
        FROM ({source}) AS sums WHERE {is_same_row} AND ({ours}) <> ({theirs})"""
