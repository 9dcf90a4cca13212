"""Compares sales with the report: each document that counts is a fact once, and nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.events.topics import SALES_TOPIC, STOCK_TOPIC
from service_kit.events import dead_letters, positions

REPORT = "report-service"

StoreDay = tuple[int, date]
# Count, cents, and a digest that differs between sets of documents.
Sums = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Documents:
    """A kind of document: its facts in the report, its rows in sales, and what announces it."""

    name: str
    facts: str
    fact_id: str
    rows: str
    amounts: str
    types: tuple[str, ...]


_OF_RECEIPTS = "total_cents, tax_cents, discount_cents, cash_rounding_cents, is_late"
# A voided sale was confirmed. It stays a fact, and its void is another one.
SALES = Documents(
    "sale",
    "sale_facts",
    "sale_id",
    "sales WHERE status IN ('confirmed', 'voided')",
    _OF_RECEIPTS,
    ("sales.sale-confirmed.v1", "sales.sale-recorded.v1"),
)
VOIDS = Documents(
    "void of sale",
    "sale_voids",
    "sale_id",
    "sales WHERE status = 'voided'",
    _OF_RECEIPTS,
    ("sales.sale-voided.v1",),
)
RETURNS = Documents(
    "return",
    "return_facts",
    "return_id",
    "returns",
    "total_cents, tax_cents, cash_rounding_cents, is_late",
    ("sales.return-recorded.v1",),
)
KINDS = (SALES, VOIDS, RETURNS)


@dataclass(frozen=True, slots=True)
class ReportState:
    """One snapshot of the report; its session stays open for detail queries."""

    session: AsyncSession
    sums: Mapping[Documents, Mapping[StoreDay, Sums]]
    positions: Mapping[int, int]


_SUMS = """
    SELECT store_id, business_date, count(*), sum(total_cents)::bigint,
        bit_xor(hashtextextended(concat_ws('/', {id}, {amounts}), 0))
    FROM {source} GROUP BY store_id, business_date
"""


async def read(session: AsyncSession) -> ReportState:
    """Read the sums of the report's facts and its consumer's positions."""
    by_partition = await positions.read_offsets(session, REPORT, SALES_TOPIC)
    sums = {
        kind: await _read_sums(session, kind.fact_id, kind.amounts, kind.facts) for kind in KINDS
    }
    return ReportState(session, sums, by_partition)


async def _read_sums(
    session: AsyncSession, id_column: str, amounts: str, source: str
) -> dict[StoreDay, Sums]:
    statement = _SUMS.format(id=id_column, amounts=amounts, source=source)
    rows = await session.execute(text(statement))
    return {(row[0], row[1]): (row[2], row[3], row[4]) for row in rows}


async def compare(sales: AsyncSession, report: ReportState, kind: Documents) -> list[str]:
    """Return differences between documents and facts that no event on its way explains."""
    recorded = await _read_sums(sales, "id", kind.amounts, kind.rows)
    found: list[str] = []
    for key in sorted(recorded.keys() | report.sums[kind].keys()):
        if recorded.get(key) != report.sums[kind].get(key):
            found += await _compare_store_day(sales, report, kind, key)
    return found


_OF_DAY = """
    SELECT {id}, {amounts} FROM (SELECT * FROM {source}) AS documents
    WHERE store_id = :store_id AND business_date = :day
"""


async def _compare_store_day(
    sales: AsyncSession, report: ReportState, kind: Documents, key: StoreDay
) -> list[str]:
    facts = await _read_amounts(report.session, kind.fact_id, kind.amounts, kind.facts, key)
    recorded = await _read_amounts(sales, "id", kind.amounts, kind.rows, key)
    absent = recorded.keys() - facts.keys()
    on_their_way = await find_under_way(sales, report, kind, absent)
    return [
        *(f"{kind.name} {id} is not in the report" for id in sorted(absent - on_their_way)),
        *(
            f"{kind.name} {id} is in the report of store {key[0]} on {key[1]},"
            " and did not happen then"
            for id in sorted(facts.keys() - recorded.keys())
        ),
        *(
            f"{kind.name} {id}: {facts[id]} in the report, {recorded[id]} in sales ({kind.amounts})"
            for id in sorted(facts.keys() & recorded.keys())
            if facts[id] != recorded[id]
        ),
    ]


async def _read_amounts(
    session: AsyncSession, id_column: str, amounts: str, source: str, key: StoreDay
) -> dict[UUID, tuple[int, ...]]:
    statement = _OF_DAY.format(id=id_column, amounts=amounts, source=source)
    rows = await session.execute(text(statement), {"store_id": key[0], "day": key[1]})
    return {row[0]: tuple(row[1:]) for row in rows}


async def find_waiting(
    sales: AsyncSession, report: ReportState, kind: Documents, key: StoreDay
) -> set[UUID]:
    """Return the documents of a store and day that the report will count later."""
    facts = await _read_amounts(report.session, kind.fact_id, kind.amounts, kind.facts, key)
    recorded = await _read_amounts(sales, "id", kind.amounts, kind.rows, key)
    return await find_under_way(sales, report, kind, recorded.keys() - facts.keys())


_ANNOUNCEMENTS = text("""
    SELECT subject, published_at IS NULL AS waits, kafka_partition, kafka_offset FROM outbox
    WHERE subject = ANY(CAST(:subjects AS text[]))
      AND type = ANY(CAST(:types AS text[]))
    ORDER BY id
""")


async def find_under_way(
    sales: AsyncSession, report: ReportState, kind: Documents, ids: set[UUID]
) -> set[UUID]:
    """Return documents whose last event is in the outbox, before the consumer, or a dead letter."""
    if not ids:
        return set()
    announcing = {"subjects": [str(each) for each in ids], "types": list(kind.types)}
    set_aside = {
        (row.partition, row.offset)
        for row in await report.session.execute(dead_letters.LIST_SET_ASIDE, {"consumer": REPORT})
        if row.topic == SALES_TOPIC
    }
    under_way: dict[UUID, bool] = {}
    for row in await sales.execute(_ANNOUNCEMENTS, announcing):
        is_ahead = not row.waits and row.kafka_offset >= report.positions.get(
            row.kafka_partition, 0
        )
        is_set_aside = (row.kafka_partition, row.kafka_offset) in set_aside
        # A strict sale counts at its later event, the confirmation.
        under_way[UUID(row.subject)] = row.waits or is_ahead or is_set_aside
    return {document_id for document_id, is_under_way in under_way.items() if is_under_way}


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
