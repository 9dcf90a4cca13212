"""Finds records that the broker has lost or overwritten, from the end of the log backwards.

A log of the right length may still miss records: later records took their offsets after the loss,
and the relay or its database failed before it could mark them.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import RecordMetadata, TopicPartition
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from service_kit.events import event_metrics, ledger
from service_kit.events.cloud_events import FILLER, header
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

ID_HEADER = "ce_id"
_FILLER = [("ce_type", FILLER.encode())]
FIRST_LOOK = 1
FURTHER_LOOK = 500
FETCH_MS = 1000
SEND_TIMEOUT_SECONDS = 15.0  # aiokafka's requests and batches never expire


class LogShortened(Exception):
    """The broker's log ends before records that it had acknowledged."""


class LogCheck:
    """Compares the log with the outbox, and publishes again what the broker has lost.

    Records are lost by a restore of the broker, or by a crash before its flush.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        settings: ServiceSettings,
        producer: AIOKafkaProducer,
        log: AIOKafkaConsumer,
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._producer = producer
        self._log = log
        self._ends: ledger.Ends = {}

    async def begin(self) -> None:
        """Compare as a new leader: record by record, not only by the log's length.

        The former leader may have sent records to the offsets of lost ones, and died before it
        marked them.
        """
        self._ends = await ledger.read_ends(self._connection)
        await self._connection.commit()
        await self.run(is_new=True)

    async def run(self, is_new: bool = False) -> None:
        """Compare all partitions once."""
        for broker_partition, (start, end) in (await self._read_extents()).items():
            partition = broker_partition._replace(
                topic=broker_partition.topic.removeprefix(self._settings.topic_prefix)
            )
            known, lost_from = self._ends.get(partition, 0), end
            if is_new or end < known:
                overwritten = await _find_overwritten(
                    self._connection, self._log, partition, broker_partition, start, end
                )
                lost_from = end if overwritten is None else overwritten
            if lost_from < max(end, known):
                await self._publish_again(partition, lost_from)
                await self._fill(partition, end)
            self._ends[partition] = max(end, known)
            if end > known:
                # Foreign records, such as copies. Consumers have passed them, so the next leader
                # must know that consumers skip our records below this end if the broker loses them.
                await ledger.note_ends(self._connection, {partition: end})
        await self._connection.commit()

    async def _read_extents(self) -> dict[TopicPartition, tuple[int, int]]:
        """Return the first offset of each partition, and the end of its log."""
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            asked = [
                TopicPartition(name, number)
                for name in {self._settings.topic(each.topic) for each in self._ends}
                for number in await self._producer.partitions_for(name)
            ]
            if not asked:
                return {}
            starts = await self._log.beginning_offsets(asked)
            ends = await self._log.end_offsets(asked)
            return {each: (starts[each], ends[each]) for each in asked}

    def raise_ends(self, ends: ledger.Ends) -> None:
        """Record the ends of the log after a chunk."""
        self._ends |= {each: max(end, self._ends.get(each, 0)) for each, end in ends.items()}

    async def replace_lost(self, rows: Sequence[Row[Any]], sent: Sequence[RecordMetadata]) -> None:
        """Publish records again that landed below the known end of the log: it was shortened.

        Consumers that have passed those offsets never read there again. So these records are
        published again, beyond every acknowledged offset.
        """
        shortened: dict[TopicPartition, list[int]] = {}
        for row, record in zip(rows, sent, strict=True):
            partition = TopicPartition(row.topic, record.partition)
            if record.offset < self._ends.get(partition, 0):
                shortened.setdefault(partition, []).append(record.offset)
        for partition, offsets in shortened.items():
            await self._publish_again(partition, min(offsets))
            await self._fill(partition, max(offsets) + 1)

    async def _publish_again(self, partition: TopicPartition, offset: int) -> None:
        events = 0
        # In steps: one statement for a lost topic would not end within its timeout. The lowest
        # offsets come first, so that the log stays too short until all are marked.
        while marked := await ledger.publish_again(self._connection, partition, offset):
            events += marked
            await self._connection.commit()
        event_metrics.RELAY_FAILURES.add(1, {"error.type": LogShortened.__name__})
        logger.error(
            "the broker has lost records, they are published again",
            extra={
                "topic": partition.topic,
                "partition": partition.partition,
                "log_ends_at": offset,
                "acknowledged_up_to": self._ends[partition],
                "events": events,
            },
        )

    async def _fill(self, partition: TopicPartition, end: int) -> None:
        """Append filler from `end` on, until the log is as long as it was.

        The events that follow then lie beyond every acknowledged offset. Without filler the first
        of them would have to be published again and again, until they do.
        """
        topic, until = self._settings.topic(partition.topic), self._ends.get(partition, 0)
        while end < until:
            batch = _new_filler(self._producer, most=until - end)
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                sent = await self._producer.send_batch(batch, topic, partition=partition.partition)
                end = (await sent).offset + batch.record_count()
            # A statement between two waits for the broker shows that the leader is alive.
            await ledger.note_ends(self._connection, {partition: end})
            await self._connection.commit()


def _new_filler(producer: AIOKafkaProducer, most: int) -> BatchBuilder:
    """Return at most `most` records of filler, and no more than one batch holds."""
    batch = producer.create_batch()
    is_full = False
    while not is_full and batch.record_count() < most:
        is_full = batch.append(timestamp=None, key=None, value=b"", headers=_FILLER) is None
    return batch


async def _find_overwritten(
    connection: AsyncConnection,
    log: AIOKafkaConsumer,
    partition: TopicPartition,
    broker_partition: TopicPartition,
    start: int,
    end: int,
) -> int | None:
    """Return the first offset below `end` that holds another event than the outbox says.

    `partition` has our name of the topic, `broker_partition` the broker's. A statement stands
    before each wait for the broker, so that the leader keeps its session.
    """
    overwritten: int | None = None
    below, count = end, FIRST_LOOK
    while rows := await ledger.newest(connection, partition, below, count):
        first, last = max(start, rows[-1].kafka_offset), rows[0].kafka_offset
        if last < start:
            break
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            stands = await _read_event_ids(log, broker_partition, first, last)
        wrong = [
            row.kafka_offset
            for row in rows
            if stands.get(row.kafka_offset, str(row.event_id)) != str(row.event_id)
        ]
        if not wrong:
            break
        overwritten = wrong[-1]
        if overwritten > first:
            break
        below, count = overwritten, FURTHER_LOOK
    return overwritten


async def _read_event_ids(
    log: AIOKafkaConsumer, partition: TopicPartition, first: int, last: int
) -> dict[int, str]:
    """Return the event id at each offset from `first` to `last`; "" stands for a missing id."""
    log.assign([partition])
    log.seek(partition, first)
    found: dict[int, str] = {}
    while await log.position(partition) <= last:
        try:
            # One, so that no record behind `last` is decoded.
            records = await log.getmany(partition, timeout_ms=FETCH_MS, max_records=1)
        except UnicodeDecodeError:
            # No record of ours is here: our header names are UTF-8.
            offset = await log.position(partition)
            found[offset] = ""
            log.seek(partition, offset + 1)
            continue
        for record in records.get(partition, []):
            found[record.offset] = header(dict(record.headers), ID_HEADER) or ""
    log.unsubscribe()
    return found
