"""The audit finds a change that the journal lacks, has twice, or gives to another actor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit import journal_side

_STORE = """
    INSERT INTO stores (id, version, name, address, city, kind, timezone, cutoff_hour, currency,
        stock_policy, taxes)
    VALUES (3, 2, 'Plateau', '', '', 'store', 'America/Toronto', 0, 'CAD', 'strict', '[]')
"""
_EVENT = """
    INSERT INTO outbox (event_id, topic, key, type, subject, actor, payload, published_at,
        kafka_partition, kafka_offset)
    VALUES (:id, 'catalogue.events.v1', 'store:3', 'catalogue.store-changed.v1', 'store/3',
        'head', '{}', now(), 0, :offset)
"""
_ENTRY = """
    INSERT INTO journal (event_id, recorded_at, actor, kind, store_id, subject)
    VALUES (:id, now(), :actor, 'store-changed', 3, '3')
"""
_POSITION = """
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset)
    VALUES ('report-service', 'catalogue.events.v1', 0, :next)
"""
EVENTS = (uuid4(), uuid4())
SALE, SALE_EVENT = uuid4(), uuid4()
_MARKED_SALE = """
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id,
        is_backdated)
    VALUES (:id, 3, '3-000001', 'confirmed', 'permissive', now(), 0, now(), CURRENT_DATE, 12,
        'CAD', '[]', 200, 0, 'till', true)
"""
_SALE_EVENT = """
    INSERT INTO outbox (event_id, topic, key, type, subject, actor, payload, published_at,
        kafka_partition, kafka_offset)
    VALUES (:id, 'sales.events.v1', '3', 'sales.sale-recorded.v1', :sale, 'till', '{}', now(), 0, 0)
"""
_SALE_ENTRY = """
    INSERT INTO journal (event_id, recorded_at, actor, kind, store_id, subject)
    VALUES (:id, now(), 'till', :kind, 3, :sale)
"""
_SALES_POSITION = """
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset)
    VALUES ('report-service', 'sales.events.v1', 0, 1)
"""


async def execute(engine: AsyncEngine, statement: str, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


@pytest.fixture
async def sales(sales_engine: AsyncEngine) -> AsyncEngine:
    """Return a catalogue with a store of two versions, and its two published events."""
    await execute(sales_engine, _STORE)
    for offset, event_id in enumerate(EVENTS):
        await execute(sales_engine, _EVENT, id=event_id, offset=offset)
    return sales_engine


async def journal(engine: AsyncEngine, *events: UUID, read: int = 2, actor: str = "head") -> None:
    """Fill the journal with the entries of these events; the report has read so many."""
    for event_id in events:
        await execute(engine, _ENTRY, id=event_id, actor=actor)
    await execute(engine, _POSITION, next=read)


@asynccontextmanager
async def state(report: AsyncEngine) -> AsyncIterator[journal_side.JournalState]:
    async with AsyncSession(report) as session:
        yield await journal_side.read(session)


async def differences(sales: AsyncEngine, report: AsyncEngine) -> list[str]:
    async with state(report) as read, AsyncSession(sales) as own:
        found = await journal_side.compare("sales", own, read)
        return found + await journal_side.compare_actors(own, read)


async def test_two_versions_with_two_entries_are_right(
    sales: AsyncEngine, report_engine: AsyncEngine
) -> None:
    await journal(report_engine, *EVENTS)

    assert await differences(sales, report_engine) == []


async def test_an_entry_that_is_on_its_way_is_excused(
    sales: AsyncEngine, report_engine: AsyncEngine
) -> None:
    await journal(report_engine, EVENTS[0], read=1)

    assert await differences(sales, report_engine) == []


async def test_a_lost_entry_is_found(sales: AsyncEngine, report_engine: AsyncEngine) -> None:
    await journal(report_engine, EVENTS[0])

    lost, nameless = await differences(sales, report_engine)
    assert lost == "store-changed of store 3: 3 is in the journal 1 times, and happened 2"
    assert nameless.endswith(f"{EVENTS[1]}: made by head, the journal says nothing")


async def test_an_entry_too_many_is_found(sales: AsyncEngine, report_engine: AsyncEngine) -> None:
    await journal(report_engine, *EVENTS, uuid4())

    [found] = await differences(sales, report_engine)
    assert found == "store-changed of store 3: 3 is in the journal 3 times, and happened 2"


async def test_another_actor_is_found(sales: AsyncEngine, report_engine: AsyncEngine) -> None:
    await journal(report_engine, *EVENTS, actor="somebody else")

    found = await differences(sales, report_engine)
    assert len(found) == 2
    assert all(each.endswith("made by head, the journal says somebody else") for each in found)


@pytest.fixture
async def marked(sales: AsyncEngine, report_engine: AsyncEngine) -> AsyncEngine:
    """Return the catalogue with a sale that is marked; the journal lacks it alone."""
    await execute(sales, _MARKED_SALE, id=SALE)
    await execute(sales, _SALE_EVENT, id=SALE_EVENT, sale=str(SALE))
    await journal(report_engine, *EVENTS)
    return sales


async def test_a_marked_sale_has_an_entry_that_says_so(
    marked: AsyncEngine, report_engine: AsyncEngine
) -> None:
    await execute(report_engine, _SALES_POSITION)
    await execute(report_engine, _SALE_ENTRY, id=SALE_EVENT, kind="sale-marked", sale=str(SALE))

    assert await differences(marked, report_engine) == []


async def test_a_mark_that_the_journal_does_not_tell_is_found(
    marked: AsyncEngine, report_engine: AsyncEngine
) -> None:
    await execute(report_engine, _SALES_POSITION)
    await execute(report_engine, _SALE_ENTRY, id=SALE_EVENT, kind="sale-recorded", sale=str(SALE))

    assert await differences(marked, report_engine) == [
        f"sale-marked of store 3: {SALE} is in the journal 0 times, and happened 1",
        f"sale-recorded of store 3: {SALE} is in the journal 1 times, and happened 0",
    ]


async def test_a_marked_sale_that_is_on_its_way_is_excused(
    marked: AsyncEngine, report_engine: AsyncEngine
) -> None:
    assert await differences(marked, report_engine) == []
