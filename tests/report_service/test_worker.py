"""From Kafka to the counters, and what `complet_jusqua` says on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from uuid_utils.compat import uuid7

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.consumers.completeness import track_completeness
from service_kit.consumer import Consumer
from service_kit.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.waiting import eventually
from tests.report_service.builders import COFFEE, a_line, a_product, a_sale, levels
from tests.report_service.conftest import Projection

SUBSCRIPTIONS = [
    sales_events.SUBSCRIPTION,
    stock_events.SUBSCRIPTION,
    catalogue_events.SUBSCRIPTION,
]
COUNTED = "SELECT CAST(coalesce(sum(sales_count), 0) AS int) FROM store_totals"
COMPLETE_UNTIL = "SELECT complete_until FROM freshness"
COMPLETE_AND_COUNTED = "SELECT (SELECT count(*) FROM freshness), (SELECT count(*) FROM sale_facts)"


class Worker:
    """The parts of the worker, started one by one."""

    def __init__(self, projection: Projection, settings: ServiceSettings) -> None:
        self.projection = projection
        self.settings = settings
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def consume(self) -> None:
        consumer = Consumer(self.projection.engine, self.settings, SUBSCRIPTIONS)
        self._tasks.append(asyncio.create_task(consumer.run(self._stop)))

    def track_completeness(self) -> None:
        engine = self.projection.engine
        track = track_completeness(self.settings, sales_events.SALES_TOPIC)
        relay = Relay(engine, self.settings)
        self._tasks.append(asyncio.create_task(track(engine, relay, self._stop)))

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def publish(self, topic: str, event_type: str, *bodies: msgspec.Struct) -> None:
        headers = {
            "ce_id": str(uuid7()),
            "ce_type": event_type,
            "ce_time": datetime.now(UTC).isoformat(),
        }
        async with AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka_bootstrap_servers
        ) as producer:
            for number, body in enumerate(bodies):
                await producer.send_and_wait(
                    self.settings.topic(topic),
                    msgspec.json.encode(body),
                    partition=number % 3,
                    headers=[(name, value.encode()) for name, value in headers.items()],
                )

    async def sell(self, *sales: msgspec.Struct) -> None:
        await self.publish("sales.events.v1", "sales.sale-recorded.v1", *sales)


@pytest.fixture
async def worker(projection: Projection, topics: TopicFactory) -> AsyncIterator[Worker]:
    names = [subscription.topic for subscription in SUBSCRIPTIONS]
    worker = Worker(projection, await topics(*names, partitions=3))
    yield worker
    await worker.stop()


async def test_each_topic_reaches_its_projection(worker: Worker) -> None:
    worker.consume()

    await worker.sell(*(a_sale() for _ in range(10)))
    await worker.publish("stock.events.v1", "stock.stock-levels-changed.v1", levels((COFFEE, 4, 1)))
    await worker.publish(
        "catalogue.events.v1", "catalogue.product-changed.v1", a_product(COFFEE, "Café")
    )

    rows = worker.projection.rows
    await eventually(lambda: rows(COUNTED), [(10,)])
    await eventually(lambda: rows("SELECT on_hand FROM stock_levels"), [(4,)])
    await eventually(lambda: rows("SELECT name FROM products"), [("Café",)])


async def test_a_sale_that_can_never_count_is_set_aside_alone(worker: Worker) -> None:
    worker.consume()
    broken = msgspec.structs.replace(a_sale(), total_cents=1)
    twice_line_1 = msgspec.structs.replace(a_sale(), lines=[a_line(), a_line()], total_cents=2500)

    await worker.sell(a_sale(), a_sale(), a_sale(), broken, twice_line_1, a_sale())

    await eventually(lambda: worker.projection.rows(COUNTED), [(4,)])
    errors = await worker.projection.rows("SELECT error FROM dead_letters ORDER BY error")
    assert len(errors) == 2
    assert "not the sum of its lines" in str(errors)
    assert "sale_line_facts_pkey" in str(errors)


async def test_nothing_is_complete_while_events_wait_in_kafka(worker: Worker) -> None:
    await worker.sell(a_sale())
    worker.track_completeness()
    worker.consume()

    async def is_complete() -> bool:
        # In one snapshot: whoever reads that all is complete finds all of it.
        [(complete, counted)] = await worker.projection.rows(COMPLETE_AND_COUNTED)
        assert counted or not complete
        return bool(complete)

    await eventually(is_complete, True)


async def test_completeness_moves_on_with_time_and_covers_what_was_sent_before(
    worker: Worker,
) -> None:
    worker.consume()
    worker.track_completeness()
    await worker.sell(a_sale(), a_sale())
    sent_at = datetime.now(UTC)

    async def covers() -> bool:
        rows = await worker.projection.rows(COMPLETE_UNTIL)
        return bool(rows) and rows[0][0] > sent_at

    await eventually(covers, True)
    assert await worker.projection.rows(COUNTED) == [(2,)]
