"""Faults of delivery: duplicates, other orders, transactions, and what is not an event."""

import asyncio
import json
from collections.abc import Sequence
from functools import partial
from random import Random
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from report_service.events.topics import CATALOGUE_TOPIC, SALES_TOPIC, STOCK_TOPIC
from tests.fixtures.waiting import eventually
from tests.system.faults.lab import Lab
from tests.system.faults.log import (
    NOTICE_SECONDS,
    TOPICS,
    list_partitions,
    relays_know_the_log,
    started,
)
from tests.system.faults.processes import Fault, pause

REPEATED_RECORDS = 60
TRANSACTION_RECORDS = 5

# Kinds of records that can never be applied; two services read each.
_EVENT = [("ce_id", b"018f3c5e-0000-7000-8000-000000000001"), ("ce_time", b"2026-01-01T00:00:00Z")]
_SALE = [*_EVENT, ("ce_type", b"sales.sale-recorded.v1")]
POISON: dict[str, tuple[list[tuple[str, bytes | None]], bytes | None]] = {
    "no headers": ([], b"{}"),
    "no id": ([("ce_type", b"sales.sale-recorded.v1")], b"{}"),
    "not JSON": (list(_SALE), b"\xff\x00{"),
    "no field": (list(_SALE), b"{}"),
    "a null type": ([*_EVENT, ("ce_type", None)], b"{}"),
    "a null header": ([*_SALE, ("traceparent", None), ("odd", b"\\u0000")], b"{}"),
    "another version": ([*_EVENT, ("ce_type", b"sales.sale-recorded.v2")], b"{}"),
    "no value": ([*_EVENT, ("ce_type", b"sales.sale-cancelled.v1")], None),
    "another type": ([*_EVENT, ("ce_type", b"sales.sale-melted.v9")], b"{}"),
}


def producer_of(lab: Lab) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=lab.layout.kafka_bootstrap_servers, acks="all")


async def read_log(lab: Lab, topic: str) -> list[ConsumerRecord]:
    """Return every record of a topic."""
    reader = AIOKafkaConsumer(
        bootstrap_servers=lab.layout.kafka_bootstrap_servers, auto_offset_reset="earliest"
    )
    async with started(reader) as consumer:
        partitions = await list_partitions(lab, topic)
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        records: list[ConsumerRecord] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            batches = await consumer.getmany(timeout_ms=500)
            records += [record for batch in batches.values() for record in batch]
        return records


async def deliver_again(
    lab: Lab,
    random: Random,
    topics: Sequence[str] = (SALES_TOPIC, STOCK_TOPIC),
    *,
    always_mixed: bool = False,
) -> str:
    """Append old records again, in another order now and then, or always."""
    topic = random.choice(topics)
    async with lab.log_lock, asyncio.timeout(NOTICE_SECONDS):
        await _log_known(lab)
        records = [each for each in await read_log(lab, topic) if _is_event(each)]
        again = records[-REPEATED_RECORDS:]
        if random.random() < 0.5:
            again += random.sample(records, min(len(records), REPEATED_RECORDS))
        if random.random() < 0.5 or always_mixed:
            random.shuffle(again)
        async with started(producer_of(lab)) as producer:
            for record in again:
                await producer.send(
                    topic,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
            await producer.flush()
    await pause(random, 0.2, 1)
    return f"{len(again)} records of {topic}"


async def _log_known(lab: Lab) -> None:
    try:
        await eventually(lambda: relays_know_the_log(lab), True, NOTICE_SECONDS)
    except AssertionError as late:
        # Another fault hides the log's end at the same time: skip this one.
        raise TimeoutError("the relays do not know the log") from late


def _is_event(record: ConsumerRecord) -> bool:
    # Our poison records have no source.
    return dict(record.headers).get("ce_source") is not None


async def poison(lab: Lab, random: Random) -> str:
    """Append records that can never be applied between good ones."""
    kind = random.choice(list(POISON))
    topic = random.choice(TOPICS)
    headers, value = POISON[kind]
    async with lab.log_lock, asyncio.timeout(NOTICE_SECONDS):
        await _log_known(lab)
        async with started(producer_of(lab)) as producer:
            sent = await producer.send_and_wait(topic, value, key=b"1", headers=headers)
    lab.poison[sent.topic, sent.partition, sent.offset] = kind
    await pause(random, 0.2, 1)
    return f"{kind} in {topic}"


async def send_in_a_transaction(lab: Lab, random: Random) -> str:
    """Append events in a transaction: its marker takes an offset that holds no record.

    A committed transaction repeats old sales. An aborted one holds sales that nobody has made.
    """
    is_committed = random.random() < 0.5
    async with lab.log_lock, asyncio.timeout(NOTICE_SECONDS):
        await _log_known(lab)
        log = await read_log(lab, TOPICS[0])
        sales = [each for each in log if _is_event(each) and _type_of(each).endswith("recorded.v1")]
        chosen = random.sample(sales, min(len(sales), TRANSACTION_RECORDS))
        name = f"faults-{random.randrange(2**32)}"
        servers = lab.layout.kafka_bootstrap_servers
        producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=name)
        async with started(producer):
            await producer.begin_transaction()
            for record in chosen:
                await producer.send_and_wait(
                    TOPICS[0],
                    value=record.value if is_committed else _another_sale(record.value, random),
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
            await (producer.commit_transaction() if is_committed else producer.abort_transaction())
    await pause(random, 0.2, 1)
    return f"{len(chosen)} sales, {'committed' if is_committed else 'aborted'}"


def _type_of(record: ConsumerRecord) -> str:
    return str((dict(record.headers).get("ce_type") or b"").decode(errors="replace"))


def _another_sale(value: bytes, random: Random) -> bytes:
    made_up = str(UUID(int=random.getrandbits(128), version=4))
    return json.dumps(json.loads(value) | {"sale_id": made_up}).encode()


DELIVERY_FAULTS: dict[str, Fault] = {
    "delivered-again": deliver_again,
    # Old states of stores, products and keys: in their order the newest would come last.
    "catalogue-again": partial(deliver_again, topics=[CATALOGUE_TOPIC], always_mixed=True),
    "poison": poison,
    "transaction": send_in_a_transaction,
}
