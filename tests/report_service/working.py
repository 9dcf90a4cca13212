"""Runs parts of report-worker on their own database and topics."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
from aiokafka import AIOKafkaProducer
from uuid_utils.compat import uuid7

from report_service.consumers import catalogue_events, sales_events, stock_events
from report_service.events.consumed import EventsPublished
from report_service.events.topics import SALES_TOPIC
from report_service.projections.freshness import keep_freshness
from service_kit.events.cloud_events import Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.relay import Relay
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.report_service.conftest import Projection

SUBSCRIPTIONS = (
    sales_events.SUBSCRIPTION,
    stock_events.SUBSCRIPTION,
    catalogue_events.SUBSCRIPTION,
)


class Worker:
    """The parts of the worker, started one by one."""

    def __init__(self, projection: Projection, settings: ServiceSettings) -> None:
        self.projection = projection
        self.settings = settings
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def consume(self, subscriptions: Sequence[Subscription] = SUBSCRIPTIONS) -> None:
        consumer = Consumer(self.projection.engine, self.settings, subscriptions)
        self._tasks.append(asyncio.create_task(consumer.run(self._stop)))

    def keep_freshness(self) -> None:
        engine = self.projection.engine
        keep = keep_freshness(self.settings, SALES_TOPIC)
        relay = Relay(engine, self.settings)
        self._tasks.append(asyncio.create_task(keep(engine, relay, self._stop)))

    async def stop(self) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)
        self._tasks.clear()
        self._stop = asyncio.Event()

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

    async def beat(self, *published_until: datetime) -> None:
        """Publish heartbeats of the sales service."""
        bodies = [EventsPublished(instant) for instant in published_until]
        await self.publish("sales.events.v1", "sales.events-published.v1", *bodies)


@asynccontextmanager
async def open_worker(projection: Projection, topics: TopicFactory) -> AsyncIterator[Worker]:
    """Return a worker that has not started, on empty topics of three partitions."""
    names = [subscription.topic for subscription in SUBSCRIPTIONS]
    worker = Worker(projection, await topics(*names, partitions=3))
    yield worker
    await worker.stop()
