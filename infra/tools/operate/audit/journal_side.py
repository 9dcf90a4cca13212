"""Compares the journal with the services' own rows: each change is in it once, with who made it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from infra.tools.operate.audit.report_side import REPORT
from report_service.events.topics import CATALOGUE_TOPIC, SALES_TOPIC, STOCK_TOPIC
from service_kit.events import dead_letters, positions

COMPARED_EVENTS = 2000  # only the newest of each service
# The event of each kind; its last part is the kind's name, but for `MARKED`.
TYPES = (
    *("sales.sale-recorded.v1", "sales.sale-rejected.v1", "sales.sale-cancelled.v1"),
    *("sales.sale-voided.v1", "sales.return-recorded.v1"),
    *("sales.day-closed.v1", "sales.level-declared.v1", "stock.movement-posted.v1"),
    *("stock.transfer-shipped.v1", "stock.transfer-received.v1"),
    *("catalogue.store-changed.v1", "catalogue.product-changed.v1"),
    *("catalogue.tax-rate-changed.v1", "access.key-changed.v1"),
    "sales.cash-moved.v1",
)

# The kind of a sale that is recorded with a mark.
MARKED = "sale-marked"


class Group(NamedTuple):
    """The changes of one kind in one store, or in the whole chain."""

    kind: str
    store_id: int | None


# The number of subjects, and a digest of them in which their order does not count.
Sums = Mapping[Group, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class JournalState:
    """One snapshot of the journal; its session stays open for detail queries."""

    session: AsyncSession
    sums: Sums
    positions: Mapping[str, Mapping[int, int]]
    set_aside: frozenset[tuple[str, int, int]]

    def has_read(self, event: Row[Any]) -> bool:
        """Return whether the report has applied an event of an outbox."""
        if event.published_at is None:
            return False
        place = (event.topic, event.kafka_partition, event.kafka_offset)
        read_until = self.positions[event.topic].get(event.kafka_partition, 0)
        return event.kafka_offset < read_until and place not in self.set_aside


# A change of a store or a product makes a version. Documents from before there were actors have no
# event.
_SALES_ROWS = f"""
    SELECT CASE WHEN is_price_forced OR is_backdated THEN '{MARKED}' ELSE 'sale-recorded' END
        AS kind, store_id, id::text AS subject FROM sales
    UNION ALL SELECT 'sale-' || status, store_id, id::text FROM sales
        WHERE status IN ('rejected', 'cancelled', 'voided')
    UNION ALL SELECT 'return-recorded', store_id, id::text FROM returns
    UNION ALL SELECT 'day-closed', store_id, business_date::text FROM day_closings
    UNION ALL SELECT 'store-changed', id, id::text FROM stores, generate_series(1, version)
    UNION ALL SELECT 'product-changed', NULL, id::text FROM products, generate_series(1, version)
"""
_STOCK_ROWS = """
    SELECT DISTINCT 'movement-posted' AS kind, store_id, document_id::text AS subject
    FROM movements WHERE kind IN ('reception', 'adjustment') AND actor IS NOT NULL
    UNION ALL SELECT 'transfer-shipped', from_store_id, id::text FROM transfers
        WHERE shipped_at IS NOT NULL
    UNION ALL SELECT 'transfer-received', to_store_id, r.id::text
        FROM transfer_receptions AS r JOIN transfers ON transfers.id = transfer_id
"""
_JOURNAL_ROWS = "SELECT kind, store_id, subject FROM journal"
KINDS = {
    "sales": {
        *("sale-recorded", MARKED, "sale-rejected", "sale-cancelled"),
        *("sale-voided", "return-recorded", "day-closed"),
        *("store-changed", "product-changed"),
    },
    "stock": {"movement-posted", "transfer-shipped", "transfer-received"},
}
_SUM = """
    SELECT kind, store_id, count(*), sum(hashtextextended(subject, 0)) FROM ({rows}) AS rows
    GROUP BY kind, store_id
"""
_COUNT = """
    SELECT subject, count(*) FROM ({rows}) AS rows
    WHERE kind = :kind AND store_id IS NOT DISTINCT FROM CAST(:store_id AS int) GROUP BY subject
"""
# By the owner of the rows.
_SUMS = {
    "sales": text(_SUM.format(rows=_SALES_ROWS)),
    "stock": text(_SUM.format(rows=_STOCK_ROWS)),
    "journal": text(_SUM.format(rows=_JOURNAL_ROWS)),
}
_COUNTS = {
    "sales": text(_COUNT.format(rows=_SALES_ROWS)),
    "stock": text(_COUNT.format(rows=_STOCK_ROWS)),
    "journal": text(_COUNT.format(rows=_JOURNAL_ROWS)),
}


async def read(session: AsyncSession) -> JournalState:
    """Read the sums of the journal and its consumer's positions."""
    applied = {
        topic: await positions.read_offsets(session, REPORT, topic)
        for topic in (SALES_TOPIC, STOCK_TOPIC, CATALOGUE_TOPIC)
    }
    refused = await session.execute(dead_letters.LIST_SET_ASIDE, {"consumer": REPORT})
    set_aside = frozenset((row.topic, row.partition, row.offset) for row in refused)
    return JournalState(session, await _read_sums(session, "journal"), applied, set_aside)


async def _read_sums(session: AsyncSession, whose: str) -> Sums:
    found = await session.execute(_SUMS[whose])
    return {Group(row[0], row[1]): (row[2], row[3]) for row in found}


async def compare(service: str, own: AsyncSession, journal: JournalState) -> list[str]:
    """Return the changes of a service that are not in the journal once, and are not on their way.

    The service was read after the journal, so an entry too many is always an error.
    """
    sums = await _read_sums(own, service)
    entries = {group: each for group, each in journal.sums.items() if group.kind in KINDS[service]}
    found: list[str] = []
    for group in sorted(sums.keys() | entries.keys(), key=str):
        if sums.get(group) != entries.get(group):
            found += await _compare_group(service, own, journal, group)
    return found


async def _compare_group(
    service: str, own: AsyncSession, journal: JournalState, group: Group
) -> list[str]:
    made = await _count_subjects(own, service, group)
    told = await _count_subjects(journal.session, "journal", group)
    missing = made - told
    under_way = await _find_under_way(own, journal, group, list(missing))
    place = f"{group.kind} of store {group.store_id or 'none'}"
    return [
        f"{place}: {subject} is in the journal {told[subject]} times, and happened {made[subject]}"
        for subject in sorted((missing | (told - made)).keys() - under_way)
    ]


async def _count_subjects(session: AsyncSession, whose: str, group: Group) -> Counter[str]:
    found = await session.execute(_COUNTS[whose], group._asdict())
    return Counter({row[0]: row[1] for row in found})


# The subject of a closing is its day, which each store has.
_EVENTS = text("""
    SELECT subject, topic, published_at, kafka_partition, kafka_offset FROM (
        SELECT regexp_replace(subject, CAST(:prefix AS text), '') AS subject, topic, published_at,
            kafka_partition, kafka_offset
        FROM outbox WHERE split_part(type, '.', 2) = :kind
    ) AS events WHERE subject = ANY(CAST(:subjects AS text[]))
""")


async def _find_under_way(
    own: AsyncSession, journal: JournalState, group: Group, subjects: Sequence[str]
) -> set[str]:
    """Return the subjects of which the report has not yet read every event."""
    values = {
        "kind": "sale-recorded" if group.kind == MARKED else group.kind,
        "prefix": f"^(day/{group.store_id}|[a-z]+)/",
        "subjects": list(subjects),
    }
    rows = await own.execute(_EVENTS, values)
    return {row.subject for row in rows if not journal.has_read(row)}


_NEWEST = text("""
    SELECT event_id, type, actor, topic, published_at, kafka_partition, kafka_offset FROM outbox
    WHERE type = ANY(CAST(:types AS text[])) ORDER BY id DESC LIMIT :count
""")
_ACTORS = text("""
    SELECT event_id, actor FROM journal WHERE event_id = ANY(CAST(:event_ids AS uuid[]))
""")


async def compare_actors(own: AsyncSession, journal: JournalState) -> list[str]:
    """Return the newest events of a service whose entry is missing, or names another actor."""
    parameters = {"types": list(TYPES), "count": COMPARED_EVENTS}
    events = [row for row in await own.execute(_NEWEST, parameters) if journal.has_read(row)]
    ids = {"event_ids": [row.event_id for row in events]}
    told = {row.event_id: row.actor for row in await journal.session.execute(_ACTORS, ids)}
    return [
        f"{row.type} {row.event_id}: made by {row.actor}, the journal says "
        + str(told.get(row.event_id, "nothing"))
        for row in events
        if told.get(row.event_id, "") != row.actor
    ]
