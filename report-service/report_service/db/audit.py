"""Compares every counter with what it counts: facts, or a finer counter.

Each comparison is one statement, so it sees one state of the database while counting goes on. A
difference names the row, the value that was found and the value that was expected.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.counter_sources import FACTS_OF_DAY, select_source, select_sums, sum_each
from report_service.db.counters import COUNTERS, DOCUMENTS, Counter, Facts
from report_service.db.ranges import month_bounds
from service_kit.audit import Check, Look, Skip, Slice

STORE_DAYS_PER_SLICE = 5
_FIRST = (0, date(1, 1, 1))
_LAST = (2**31 - 1, date(9999, 12, 31))

# A loose index scan: it reads one key after the other and skips the facts in between.
_NEXT_STORE_DAYS = text("""
    WITH RECURSIVE keys AS (
        (SELECT store_id, business_date FROM sale_facts
         WHERE (store_id, business_date) > (CAST(:store_id AS int), CAST(:day AS date))
         ORDER BY store_id, business_date LIMIT 1)
        UNION ALL
        SELECT following.* FROM keys, LATERAL (
            SELECT f.store_id, f.business_date FROM sale_facts AS f
            WHERE (f.store_id, f.business_date) > (keys.store_id, keys.business_date)
            ORDER BY f.store_id, f.business_date LIMIT 1) AS following
    )
    SELECT store_id, business_date FROM keys LIMIT :count
""")
_STORE_DAYS = """(store_id, business_date) > (CAST(:store_id AS int), CAST(:day AS date))
            AND (store_id, business_date) <= (CAST(:last_id AS int), CAST(:last_day AS date))"""


def look_at_store_days(counters: Sequence[Counter], count: int = STORE_DAYS_PER_SLICE) -> Look:
    """Compare the counters of a few days of stores with their sales and lines."""
    compare = _compare((each, _STORE_DAYS, _STORE_DAYS) for each in counters)

    async def look(session: AsyncSession, position: Any | None) -> Slice:
        store_id, day = position or _FIRST
        first = {"store_id": store_id, "day": day}
        keys = (await session.execute(_NEXT_STORE_DAYS, first | {"count": count})).all()
        is_over = len(keys) < count
        last = _LAST if is_over else (keys[-1].store_id, keys[-1].business_date)
        found = await _find(session, compare, first | {"last_id": last[0], "last_day": last[1]})
        return Slice(found, None if is_over else last)

    return look


async def skip_store_day(session: AsyncSession, position: Any | None) -> Any | None:
    store_id, day = position or _FIRST
    after = {"store_id": store_id, "day": day, "count": 1}
    row = (await session.execute(_NEXT_STORE_DAYS, after)).one_or_none()
    return None if row is None else (row.store_id, row.business_date)


def look_at_days(counters: Sequence[Counter], day_tables: Iterable[str]) -> Look:
    """Compare the counters of one day with the day's lines, or with its counters of stores."""
    following = _earliest(((table, "business_date") for table in day_tables), "> :after")
    of_day = "business_date = :day"
    compare = _compare(
        (each, FACTS_OF_DAY if isinstance(each.summed_from, Facts) else of_day, of_day)
        for each in counters
    )

    async def look(session: AsyncSession, position: Any | None) -> Slice:
        after = {"after": position or date.min}
        day = (await session.execute(following, after)).scalar_one()
        if day is None:
            return Slice([], None)
        return Slice(await _find(session, compare, {"day": day}), day)

    return look


def skip_day(day_tables: Iterable[str]) -> Skip:
    """Return a function that skips the next day."""
    following = _earliest(((table, "business_date") for table in day_tables), "> :after")

    async def skip(session: AsyncSession, position: Any | None) -> Any | None:
        return (await session.execute(following, {"after": position or date.min})).scalar_one()

    return skip


def look_at_months(counters: Sequence[Counter]) -> Look:
    """Compare the counters of one month with those of its days."""
    earliest = _earliest_of_months(counters)
    days_of_month = "business_date >= :month AND business_date < :following"
    compare = _compare((each, days_of_month, "month = :month") for each in counters)

    async def look(session: AsyncSession, position: Any | None) -> Slice:
        after = {"after": position or date.min}
        day = (await session.execute(earliest, after)).scalar_one()
        if day is None:
            return Slice([], None)
        month, following = month_bounds(day)
        found = await _find(session, compare, {"month": month, "following": following})
        return Slice(found, following)

    return look


def skip_month(counters: Sequence[Counter]) -> Skip:
    """Return a function that skips the next month."""
    earliest = _earliest_of_months(counters)

    async def skip(session: AsyncSession, position: Any | None) -> Any | None:
        after = {"after": position or date.min}
        day = (await session.execute(earliest, after)).scalar_one()
        return None if day is None else month_bounds(day)[1]

    return skip


def _earliest_of_months(counters: Sequence[Counter]) -> TextClause:
    months = [(each.table, "month") for each in counters]
    finer = [each.summed_from for each in counters]
    days = [(each.table, "business_date") for each in finer if isinstance(each, Counter)]
    return _earliest(months + days, ">= :after")


def look_at_totals(counters: Sequence[Counter]) -> Look:
    """Compare the running totals with the months."""
    compare = _compare((each, "true", "true") for each in counters)

    async def look(session: AsyncSession, _: Any | None) -> Slice:
        return Slice(await _find(session, compare, {}), None)

    return look


def _earliest(columns: Iterable[tuple[str, str]], condition: str) -> TextClause:
    """Return a statement that reads the least date of several columns."""
    each = (
        f"SELECT min({column}) AS day FROM {table} WHERE {column} {condition}"
        for table, column in columns
    )
    return text(f"SELECT min(day) FROM ({' UNION ALL '.join(each)}) AS days")


def _compare(counters: Iterable[tuple[Counter, str, str]]) -> TextClause:
    """Return a statement that lists the rows of counters which differ from their sources.

    Each counter comes with the condition on its source's rows and the condition on its own rows.
    """
    expected, found = [], []
    for counter, in_source, in_counter in counters:
        source_sums, counter_sums = [], sum_each(counter.measures)
        if _shows_lines(counter):
            # No other comparison checks the lines of documents against their totals.
            source_sums.append("sum(of_lines) AS of_lines")
            counter_sums.append("sum(amount_cents) AS of_lines")
        key = counter.key_without_stripe
        source = select_source(counter, key, in_source, source_sums)
        expected.append(_as_content(counter, source))
        held = select_sums(counter.table, in_counter, key, counter_sums)
        found.append(_as_content(counter, held))
    return text(f"""
        WITH expected AS ({" UNION ALL ".join(expected)}), found AS ({" UNION ALL ".join(found)})
        SELECT concat_ws('/', counter, key) AS row, found.content AS found,
            expected.content AS expected
        FROM expected FULL JOIN found USING (counter, key)
        WHERE found.content IS DISTINCT FROM expected.content
    """)


def _as_content(counter: Counter, select: str) -> str:
    """Return a SELECT of the counter's name, the key as text, and all sums as one text."""
    key = ", ".join(counter.key_without_stripe)
    sums = ", ".join(counter.measures)
    if _shows_lines(counter):
        sums += ", of_lines"
    return f"""
        SELECT '{counter.table}' AS counter, concat_ws('/', {key}) AS key,
            ROW({sums})::text AS content FROM ({select}) AS sums"""


def _shows_lines(counter: Counter) -> bool:
    return counter.summed_from is DOCUMENTS and "amount_cents" in counter.measures


async def _find(
    session: AsyncSession, compare: TextClause, parameters: dict[str, Any]
) -> list[str]:
    rows = await session.execute(compare, parameters)
    return [f"{row.row}: found {row.found}, expected {row.expected}" for row in rows]


def build_checks(counters: Sequence[Counter]) -> tuple[Check, ...]:
    """Return the checks that compare each of the counters with its source."""
    day_tables = [each.table for each in counters if "business_date" in each.key]
    of_store_days = [each for each in counters if _is_of_store_days(each)]
    of_days = [each for each in counters if each.table in day_tables and each not in of_store_days]
    of_months = [each for each in counters if "month" in each.key]
    others = [each for each in counters if each not in (*of_store_days, *of_days, *of_months)]
    return (
        Check(
            "store-days",
            look_at_store_days(of_store_days),
            look_at_store_days(of_store_days, count=1),
            skip_store_day,
        ),
        Check("days", look_at_days(of_days, day_tables), skip=skip_day(day_tables)),
        Check("months", look_at_months(of_months), skip=skip_month(of_months)),
        Check("totals", look_at_totals(others)),
    )


def _is_of_store_days(counter: Counter) -> bool:
    return isinstance(counter.summed_from, Facts) and {"business_date", "store_id"} <= set(
        counter.key
    )


CHECKS = build_checks(COUNTERS)
