"""Compares sales with the report: each confirmed sale is a fact once, and nothing else is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.events.topics import SALES_TOPIC, STOCK_TOPIC
from service_kit.events import dead_letters, positions

REPORT = "report-service"

StoreDay = tuple[int, date]
# Count, cents, and a digest that differs between sets of sales.
Sums = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ReportState:
    """One snapshot of the report; its session stays open for detail queries."""

    session: AsyncSession
    store_days: Mapping[StoreDay, Sums]
    positions: Mapping[int, int]


_SUMS = """
    SELECT store_id, business_date, count(*), sum(total_cents)::bigint,
        bit_xor(hashtextextended({id}::text || total_cents, 0))
    FROM {source} GROUP BY store_id, business_date
"""
_FACT_SUMS = text(_SUMS.format(id="sale_id", source="sale_facts"))
# The report does not subtract voids yet: it counts a voided sale as it was sold.
_SALE_SUMS = text(_SUMS.format(id="id", source="sales WHERE status IN ('confirmed', 'voided')"))


async def read(session: AsyncSession) -> ReportState:
    """Read the sums of the report's facts and its consumer's positions."""
    by_partition = await positions.read_offsets(session, REPORT, SALES_TOPIC)
    return ReportState(session, await _read_sums(session, _FACT_SUMS), by_partition)


async def _read_sums(session: AsyncSession, statement: object) -> dict[StoreDay, Sums]:
    rows = await session.execute(statement)  # type: ignore[call-overload]
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


async def compare(sales: AsyncSession, report: ReportState) -> list[str]:
    """Return differences between confirmed sales and facts that no event on its way explains."""
    recorded = await _read_sums(sales, _SALE_SUMS)
    found: list[str] = []
    for key in sorted(recorded.keys() | report.store_days.keys()):
        if recorded.get(key) != report.store_days.get(key):
            found += await _compare_store_day(sales, report, key)
    return found


_FACTS_OF_DAY = text("""
    SELECT sale_id, total_cents FROM sale_facts WHERE store_id = :store_id AND business_date = :day
""")
_SALES_OF_DAY = text("""
    SELECT id, total_cents FROM sales
    WHERE store_id = :store_id AND business_date = :day AND status IN ('confirmed', 'voided')
""")


async def _compare_store_day(sales: AsyncSession, report: ReportState, key: StoreDay) -> list[str]:
    parameters = {"store_id": key[0], "day": key[1]}
    facts = await _read_amounts(report.session, _FACTS_OF_DAY, parameters)
    recorded = await _read_amounts(sales, _SALES_OF_DAY, parameters)
    absent = recorded.keys() - facts.keys()
    on_their_way = await find_under_way(sales, report, absent)
    return [
        *(f"sale {id} is not in the report" for id in sorted(absent - on_their_way)),
        *(
            f"sale {id} is in the report of store {key[0]} on {key[1]}, but was not sold then"
            for id in sorted(facts.keys() - recorded.keys())
        ),
        *(
            f"sale {id}: {facts[id]} cents in the report, sold for {recorded[id]}"
            for id in sorted(facts.keys() & recorded.keys())
            if facts[id] != recorded[id]
        ),
    ]


async def _read_amounts(
    session: AsyncSession, statement: object, parameters: Mapping[str, object]
) -> dict[UUID, int]:
    rows = await session.execute(statement, parameters)  # type: ignore[call-overload]
    return {row[0]: row[1] for row in rows}


_ANNOUNCEMENTS = text("""
    SELECT subject, published_at IS NULL AS waits, kafka_partition, kafka_offset FROM outbox
    WHERE subject = ANY(CAST(:subjects AS text[]))
      AND type IN ('sales.sale-confirmed.v1', 'sales.sale-recorded.v1')
    ORDER BY id
""")


async def find_under_way(
    sales: AsyncSession, report: ReportState, sale_ids: Sequence[UUID] | set[UUID]
) -> set[UUID]:
    """Return sales whose last event is in the outbox, before the consumer, or a dead letter."""
    if not sale_ids:
        return set()
    subjects = [str(sale_id) for sale_id in sale_ids]
    set_aside = {
        (row.partition, row.offset)
        for row in await report.session.execute(dead_letters.LIST_SET_ASIDE, {"consumer": REPORT})
        if row.topic == SALES_TOPIC
    }
    under_way: dict[UUID, bool] = {}
    for row in await sales.execute(_ANNOUNCEMENTS, {"subjects": subjects}):
        is_ahead = not row.waits and row.kafka_offset >= report.positions.get(
            row.kafka_partition, 0
        )
        is_set_aside = (row.kafka_partition, row.kafka_offset) in set_aside
        # A strict sale counts at its later event, the confirmation.
        under_way[UUID(row.subject)] = row.waits or is_ahead or is_set_aside
    return {sale_id for sale_id, is_under_way in under_way.items() if is_under_way}


@dataclass(frozen=True, slots=True)
class ReportedLevels:
    """The report's copy of the levels, and its consumer's positions."""

    levels: Mapping[tuple[int, int], tuple[int, int]]  # (store, product) -> (version, on hand)
    positions: Mapping[int, int]


async def read_levels(session: AsyncSession) -> ReportedLevels:
    """Read the report's copy of the levels."""
    by_partition = await positions.read_offsets(session, REPORT, STOCK_TOPIC)
    rows = await session.execute(
        text("SELECT store_id, product_id, version, on_hand FROM stock_levels WHERE version > 0")
    )
    return ReportedLevels({(r[0], r[1]): (r[2], r[3]) for r in rows}, by_partition)
