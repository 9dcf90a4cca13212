"""A rebuild repairs or changes projections beside the live ones, and blocks no reader."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.audit import CHECKS
from report_service.events.topics import SALES_TOPIC
from report_service.rebuild.log import RefusedEvent
from report_service.rebuild.run import NothingBuilt, Rebuild, RebuildRunning
from report_service.rebuild.store_day import rebuild_store_day
from report_service.rebuild.tables import PROJECTIONS
from service_kit.audit import find_all_differences
from service_kit.events.cloud_events import Subscription
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.report_service.builders import COFFEE, MONDAY, STORE, TEA, a_line, a_sale, levels
from tests.report_service.conftest import Reports
from tests.report_service.working import SUBSCRIPTIONS, Worker, open_worker

COUNTED = "SELECT CAST(coalesce(sum(sales_count), 0) AS int) FROM store_totals"
# The names that a later migration may refer to.
CATALOGUE = """
    SELECT c.relname, c.relkind::text, c.reloptions::text, pg_get_indexdef(c.oid)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = 'public' AND relkind IN ('r', 'i') ORDER BY 1
"""
CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND contype <> 't' ORDER BY 1, 2
"""
TRIGGERS = """
    SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal ORDER BY 1
"""


@pytest.fixture
async def worker(reports: Reports, topics: TopicFactory) -> AsyncIterator[Worker]:
    async with open_worker(reports, topics) as worker:
        yield worker


def rebuild_of(worker: Worker, subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> Rebuild:
    url = worker.projection.engine.url.render_as_string(hide_password=False)
    settings = worker.settings.model_copy(update={"database_url": url})
    return Rebuild(settings, subscriptions, show=lambda _: None)


async def counted(worker: Worker, sales: int) -> None:
    await eventually(lambda: worker.projection.rows(COUNTED), [(sales,)])


async def differences(worker: Worker) -> list[str]:
    async with AsyncSession(worker.projection.engine) as session:
        return [found for check in CHECKS for found in await find_all_differences(session, check)]


async def spoil(worker: Worker, statement: str) -> None:
    async with worker.projection.engine.begin() as connection:
        await connection.execute(text(statement))


async def test_spoilt_counters_are_repaired_while_reads_and_events_go_on(
    worker: Worker, reports: Reports
) -> None:
    worker.consume()
    await worker.sell(*(a_sale(a_line(), a_line(TEA)) for _ in range(20)))
    await worker.publish("stock.events.v1", "stock.stock-levels-changed.v1", levels((TEA, 4, 1)))
    await counted(worker, 20)
    await spoil(worker, "UPDATE store_days SET amount_cents = amount_cents + 1")
    await spoil(worker, "DELETE FROM product_totals")
    assert await differences(worker)
    is_over = asyncio.Event()
    answers: list[Any] = []

    async def read(path: str, **period: str) -> None:
        while not is_over.is_set():
            # Each answer must be a success, whatever happens to the tables.
            answers.append(await reports.get(path, **period))

    async def sell() -> None:
        for _ in range(10):
            await worker.sell(a_sale())

    rebuild = rebuild_of(worker)
    readers = [
        asyncio.create_task(read(path, **period))
        for path in ("/api/rapports/ventes", "/api/ventes/rapport")
        for period in ({}, {"date_debut": "2026-11-09"})
    ]
    selling = asyncio.create_task(sell())
    await rebuild.build()
    await rebuild.swap()
    await selling
    await counted(worker, 30)
    is_over.set()
    await asyncio.gather(*readers)

    assert await differences(worker) == []
    assert await worker.projection.rows("SELECT on_hand FROM stock_levels") == [(4,)]
    assert len(answers) > 10


async def test_the_swapped_tables_have_the_names_that_migrations_know(worker: Worker) -> None:
    rows = worker.projection.rows
    before = [await rows(each) for each in (CATALOGUE, CONSTRAINTS, TRIGGERS)]
    rebuild = rebuild_of(worker)

    await rebuild.build()
    await rebuild.swap()

    assert [await rows(each) for each in (CATALOGUE, CONSTRAINTS, TRIGGERS)] == before
    former = "SELECT tablename FROM pg_tables WHERE schemaname = 'former' ORDER BY 1"
    assert [row[0] for row in await rows(former)] == sorted(PROJECTIONS)


async def test_an_interrupted_rebuild_changes_nothing_and_the_next_one_begins_anew(
    worker: Worker,
) -> None:
    worker.consume()
    await worker.sell(a_sale(), a_sale())
    await counted(worker, 2)

    await rebuild_of(worker).build()
    await worker.sell(a_sale())
    await counted(worker, 3)
    second = rebuild_of(worker)
    await second.build()
    await second.swap()

    assert await differences(worker) == []
    await counted(worker, 3)
    with pytest.raises(NothingBuilt):
        await second.swap()


async def test_of_two_rebuilds_at_once_the_second_is_refused(worker: Worker) -> None:
    async with worker.projection.engine.connect() as first:
        await first.execute(text("SELECT pg_advisory_lock(7301003)"))

        with pytest.raises(RebuildRunning):
            await rebuild_of(worker).build()


async def test_what_the_live_consumer_has_set_aside_is_passed_over_and_nothing_else(
    worker: Worker,
) -> None:
    broken = msgspec.structs.replace(a_sale(), total_cents=1)
    await worker.sell(a_sale(), broken, a_sale())

    with pytest.raises(RefusedEvent, match="not the sum of its lines"):
        await rebuild_of(worker).build()

    worker.consume()
    await counted(worker, 2)
    await eventually(lambda: worker.projection.rows("SELECT count(*) FROM dead_letters"), [(1,)])
    rebuild = rebuild_of(worker)
    await rebuild.build()
    await rebuild.swap()
    await counted(worker, 2)


async def test_a_record_that_the_client_cannot_decode_is_passed_over_when_the_live_one_did(
    worker: Worker, undecodable_header: tuple[str, bytes]
) -> None:
    await worker.sell(a_sale())
    topic = worker.settings.topic(SALES_TOPIC)
    servers = worker.settings.kafka_bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await producer.send_and_wait(topic, b"", headers=[undecodable_header])
    await worker.sell(a_sale(), a_sale())

    with pytest.raises(RefusedEvent, match="not a CloudEvent"):
        await rebuild_of(worker).build()

    worker.consume()
    await counted(worker, 3)
    await eventually(lambda: worker.projection.rows("SELECT count(*) FROM dead_letters"), [(1,)])
    rebuild = rebuild_of(worker)
    await rebuild.build()
    await rebuild.swap()
    await counted(worker, 3)


async def test_a_log_that_ends_with_the_marker_of_a_transaction_is_read_to_its_end(
    worker: Worker,
) -> None:
    await worker.sell(a_sale(), a_sale())
    topic = worker.settings.topic(SALES_TOPIC)
    async with AIOKafkaProducer(
        bootstrap_servers=worker.settings.kafka_bootstrap_servers, transactional_id=topic
    ) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(topic, b"nobody reads this")
        await producer.abort_transaction()

    await rebuild_of(worker).build()

    worker.consume()
    await counted(worker, 2)
    await rebuild_of(worker).swap()
    await counted(worker, 2)


async def test_one_day_of_a_store_is_computed_anew_with_all_that_is_summed_from_it(
    worker: Worker,
) -> None:
    worker.consume()
    await worker.sell(a_sale(a_line(COFFEE), a_line(TEA)), a_sale(store_id=4), a_sale())
    await counted(worker, 3)
    await spoil(worker, f"UPDATE store_days SET units = 99 WHERE store_id = {STORE}")
    await spoil(worker, "UPDATE product_days SET receipts = receipts + 1")
    await spoil(worker, "UPDATE store_months SET amount_cents = 0")
    await spoil(worker, "DELETE FROM chain_days")

    async with AsyncSession(worker.projection.engine) as session, session.begin():
        before, after = await rebuild_store_day(session, STORE, MONDAY)
    async with AsyncSession(worker.projection.engine) as session, session.begin():
        await rebuild_store_day(session, 4, MONDAY)

    unchanged = (0, 0, 0, 0, 0, 0)
    assert (before, after) == (
        (2, 99, 3750, 561, *unchanged),
        (2, 3, 3750, 561, *unchanged),
    )
    assert await differences(worker) == []
