"""Reads Kafka's log without a consumer group, so that no position moves."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from service_kit.events.kafka_clients import kafka_credentials, open_admin, stop_consumer
from service_kit.settings import ServiceSettings

START_SECONDS = 15.0


@asynccontextmanager
async def open_log(
    settings: ServiceSettings, start_seconds: float = START_SECONDS, **options: Any
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a client that has neither a group nor an assignment."""
    log = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers, **kafka_credentials(settings), **options
    )
    try:
        async with asyncio.timeout(start_seconds):
            await log.start()
        yield log
    finally:
        await stop_consumer(log)


async def list_partitions(settings: ServiceSettings, topics: Iterable[str]) -> list[TopicPartition]:
    """Return all partitions of our topics, by the broker's names.

    Raises `KafkaError` while one of them does not exist.
    """
    servers = settings.kafka_bootstrap_servers
    async with open_admin(servers, **kafka_credentials(settings)) as admin:
        described = await admin.describe_topics([settings.topic(topic) for topic in topics])
    if missing := [each["topic"] for each in described if not each["partitions"]]:
        raise KafkaError(f"no such topic yet: {', '.join(missing)}")
    return [
        TopicPartition(each["topic"], partition["partition"])
        for each in described
        for partition in each["partitions"]
    ]
