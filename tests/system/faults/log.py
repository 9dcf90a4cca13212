"""Kafka's log, and the relays' knowledge of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.system.faults.lab import Lab

Client = TypeVar("Client", AIOKafkaConsumer, AIOKafkaProducer)

TOPICS = ("sales.events.v1", "stock.events.v1", "catalogue.events.v1")
PRODUCERS = ("sales", "stock")
NOTICE_SECONDS = 40.0


@asynccontextmanager
async def started(client: Client) -> AsyncIterator[Client]:
    """Start a client, and close it even when there was no broker to start with."""
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


async def list_partitions(lab: Lab, *topics: str) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.layout.kafka_bootstrap_servers)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    return [
        TopicPartition(topic["topic"], partition["partition"])
        for topic in described
        for partition in topic["partitions"]
    ]


async def read_ends(lab: Lab) -> dict[TopicPartition, int]:
    """Return the end of each partition's log."""
    partitions = await list_partitions(lab, *TOPICS)
    servers = lab.layout.kafka_bootstrap_servers
    async with started(AIOKafkaConsumer(bootstrap_servers=servers)) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    return ends


async def relays_know_the_log(lab: Lab) -> bool:
    """Tell whether each log is exactly as long as its relay has stored.

    Records that the suite appends between a loss and the relay's discovery would take the offsets
    of lost records. And the relay cannot miss a record that it has not seen. Outside of the suite
    the relays are the only writers.
    """
    before = await _read_known_ends(lab)
    ends = await read_ends(lab)
    after = await _read_known_ends(lab)
    return all(before.get(each, 0) <= end <= after.get(each, 0) for each, end in ends.items())


async def _read_known_ends(lab: Lab) -> dict[TopicPartition, int]:
    known: dict[TopicPartition, int] = {}
    for service in PRODUCERS:
        async with lab.connection(service) as connection:
            rows = await connection.fetch("SELECT * FROM published_positions")
        known |= {
            TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows
        }
    return known
