"""Malformed records between sales stop no partition, and every sale still counts once.

Some of the records are sent in transactions, so that their markers take offsets.
"""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import hypothesis
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import HealthCheck, Phase
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.layout import DEFAULT_PORTS, SERVICES
from tests.fixtures.chain import Chain, open_chain
from tests.fixtures.system import RunningSystem, temporary_stack
from tests.fixtures.waiting import eventually
from tests.system.fuzz.conftest import EXAMPLES
from tests.system.fuzz.events import RECORDS, Headers

# Fewer than DEAD_LETTER_LIMIT: beyond it a consumer stops on purpose.
MOST_RECORDS = 80
READS = {
    "sales": ("stock.events.v1",),
    "stock": ("sales.events.v1", "catalogue.events.v1"),
    "report": ("sales.events.v1", "stock.events.v1", "catalogue.events.v1"),
}


def make_records(seed: int, count: int) -> list[tuple[str, Headers, bytes | None]]:
    """Return records, the same ones for the same seed."""
    made: list[tuple[str, Headers, bytes | None]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(RECORDS)
    def keep(record: tuple[str, Headers, bytes | None]) -> None:
        made.append(record)

    keep()
    return made


async def lag(system: RunningSystem) -> int:
    """Return the lag of all consumers together."""
    ends = await read_ends(system.stack.layout.kafka_bootstrap_servers)
    behind = 0
    for service in SERVICES:
        engine = create_async_engine(system.database_url(service))
        async with engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT topic, partition, next_offset FROM consumer_positions")
            )
            positions = {(row.topic, row.partition): row.next_offset for row in rows}
        await engine.dispose()
        behind += sum(
            max(0, end - positions.get((each.topic, each.partition), 0))
            for each, end in ends.items()
            if each.topic in READS[service]
        )
    return behind


async def read_ends(servers: str) -> dict[TopicPartition, int]:
    """Return the end of each partition's log."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        described = await admin.describe_topics(list(READS["report"]))
    finally:
        await admin.close()
    partitions = [
        TopicPartition(each["topic"], partition["partition"])
        for each in described
        for partition in each["partitions"]
    ]
    async with AIOKafkaConsumer(bootstrap_servers=servers) as log:
        return dict(await log.end_offsets(partitions))


@pytest.fixture
async def fuzzed_system() -> AsyncIterator[RunningSystem]:
    """Run a system for this test alone: its malformed events would fail the audits of others."""
    async with temporary_stack(DEFAULT_PORTS) as stack:
        await stack.start_services()
        yield RunningSystem(stack)


async def test_garbage_stops_no_partition_and_costs_no_sale(
    fuzzed_system: RunningSystem, fuzz_seed: int
) -> None:
    async with open_chain(fuzzed_system) as chain:
        await sell_between_garbage(fuzzed_system, chain, fuzz_seed)


async def sell_between_garbage(system: RunningSystem, chain: Chain, seed: int) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product(2.5)
    await chain.receive(store, {product: 100})
    pids = {name: system.stack.pid(name) for name in ("stock-worker", "report-worker")}
    records = make_records(seed, min(MOST_RECORDS, EXAMPLES * 8))

    servers = system.stack.layout.kafka_bootstrap_servers
    sold = []
    options: dict[str, Any] = {"bootstrap_servers": servers, "max_request_size": 2**21}
    random = Random(seed)
    async with (
        AIOKafkaProducer(**options) as plain,
        AIOKafkaProducer(**options, transactional_id=f"fuzz-{seed}") as transactional,
    ):
        for number, (topic, headers, value) in enumerate(records):
            record = {"value": value, "key": str(store).encode(), "headers": headers}
            match random.choice(("plain", "committed", "aborted")):
                case "plain":
                    await plain.send_and_wait(topic, **record)
                case outcome:
                    await transactional.begin_transaction()
                    await transactional.send_and_wait(topic, **record)
                    await (
                        transactional.commit_transaction()
                        if outcome == "committed"
                        else transactional.abort_transaction()
                    )
            if number % 4 == 0:
                sold.append((await chain.sell(store, {product: 1})).json()["vente_id"])

    async def total_lag() -> int:
        return await lag(system)

    await eventually(total_lag, 0, within_seconds=60)
    line = await chain.store_report(store, sold[-1])
    assert (line["nombre_ventes"], line["total_ventes"]) == (len(sold), 2.5 * len(sold))
    assert await chain.level(store, product) == 100 - len(sold)
    assert {name: system.stack.pid(name) for name in pids} == pids
