"""Compares the closings of days with the report: what was sealed, and what came after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.tools.operate.audit.journal_side import JournalState
from infra.tools.operate.audit.report_side import KINDS, ReportState, StoreDay, find_waiting
from sales_service.domain.day_totals import DayTotals
from sales_service.events.day_events import MOST_REGISTERS

_FIGURES = (
    *("sales_count", "amount_cents", "tax_cents", "discount_cents"),
    *("returns_count", "returned_cents", "voids_count", "voided_cents", "cash_rounding_cents"),
)
_CASH = ("uncounted_registers", "cash_difference_cents")


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """What one snapshot of the report says of the closings, and where it contradicts itself."""

    closings: Mapping[StoreDay, tuple[Any, ...]]
    unexplained: Mapping[StoreDay, str]


_CLOSINGS = text(f"""
    SELECT store_id, business_date, closed_at, is_automatic, {", ".join(_FIGURES + _CASH)}
    FROM closed_days
""")
_SUMS = {
    "counted": ", ".join(f"coalesce(day.{name}, 0)" for name in _FIGURES),
    "expected": ", ".join(f"closed.{name} + coalesce(late.{name}, 0)" for name in _FIGURES),
}
_UNEXPLAINED = text(
    """
    SELECT store_id, business_date, CAST(ROW({counted}) AS text) AS counted,
        CAST(ROW({expected}) AS text) AS expected
    FROM closed_days AS closed
    LEFT JOIN late_days AS late USING (store_id, business_date)
    LEFT JOIN store_days AS day USING (store_id, business_date)
    WHERE ROW({counted}) IS DISTINCT FROM ROW({expected})
""".format(**_SUMS)
)


async def read(report: AsyncSession) -> ClosedDays:
    """Read the closings that the report keeps, and the days that differ from theirs."""
    closings = await report.execute(_CLOSINGS)
    unexplained = await report.execute(_UNEXPLAINED)
    return ClosedDays(
        {(row[0], row[1]): tuple(row[2:]) for row in closings},
        {
            (row.store_id, row.business_date): f"{row.counted} is counted, and the closing with"
            f" what came later is {row.expected}"
            for row in unexplained
        },
    )


_SEALED = text("SELECT store_id, business_date, closed_at, closed_by, totals FROM day_closings")


async def compare(sales: AsyncSession, days: ClosedDays, journal: JournalState) -> list[str]:
    """Return the closings that are not in the report as they were sealed, nor on their way."""
    # Row by row: the totals of years would fill the memory.
    rows = await sales.stream(_SEALED)
    sealed = {(row.store_id, row.business_date): _figures(row) async for row in rows}
    waiting = await _find_waiting(sales, journal, sealed.keys() - days.closings.keys())
    return [
        f"closing of store {key[0]} on {key[1]}: {days.closings.get(key)} in the report,"
        f" {sealed.get(key)} in sales"
        for key in sorted((sealed.keys() | days.closings.keys()) - waiting)
        if sealed.get(key) != days.closings.get(key)
    ]


def _figures(closing: Row[Any]) -> tuple[Any, ...]:
    """Return what the report keeps of a closing."""
    totals = msgspec.convert(closing.totals, DayTotals)
    differences = [each.difference_cents for each in totals.registers[:MOST_REGISTERS]]
    counted = [cents for cents in differences if cents is not None]
    return (
        *(closing.closed_at, closing.closed_by is None),
        *(totals.sale_count, totals.total_cents, totals.tax_cents, totals.discount_cents),
        *(totals.return_count, totals.return_cents, totals.void_count, totals.voided_cents),
        totals.cash_rounding_cents,
        len(differences) - len(counted),
        sum(counted) if counted else None,
    )


_EVENTS = text("""
    SELECT subject, topic, published_at, kafka_partition, kafka_offset FROM outbox
    WHERE type = 'sales.day-closed.v1' AND subject = ANY(CAST(:subjects AS text[]))
""")


async def _find_waiting(
    sales: AsyncSession, journal: JournalState, keys: set[StoreDay]
) -> set[StoreDay]:
    """Return the closings whose event the report has not applied yet."""
    subjects = {f"day/{store_id}/{day}": (store_id, day) for store_id, day in keys}
    rows = await sales.execute(_EVENTS, {"subjects": list(subjects)})
    return {subjects[row.subject] for row in rows if not journal.has_read(row)}


async def explain(sales: AsyncSession, days: ClosedDays, report: ReportState) -> list[str]:
    """Return the closed days that are not what was sealed and what came later.

    A document of the day that is on its way, or a dead letter, explains it.
    """
    return [
        f"store {key[0]} on {key[1]}: {difference}"
        for key, difference in sorted(days.unexplained.items())
        if not [kind for kind in KINDS if await find_waiting(sales, report, kind, key)]
    ]
