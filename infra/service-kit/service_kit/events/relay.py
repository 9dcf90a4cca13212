"""Publishes outbox rows to Kafka: in order, by one leader, marked after the acknowledgement."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata, TopicPartition
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service_kit.database.faults import DATABASE_FAULTS
from service_kit.database.loops import run_every
from service_kit.events import event_metrics, ledger
from service_kit.events.kafka_clients import abandon_producer, new_producer
from service_kit.events.log import open_log
from service_kit.events.lost_records import find_overwritten
from service_kit.events.outbox_messages import SendSpans, message_headers
from service_kit.settings import ServiceSettings
from service_kit.waiting import wait_until_set

logger = logging.getLogger(__name__)

CHUNK_ROWS = 500
BUSY_POLL = timedelta(milliseconds=5)  # the longest wait of an event while others flow
IDLE_POLL = timedelta(milliseconds=50)  # the longest wait of the first event after a pause
SEND_TIMEOUT_SECONDS = 15.0  # aiokafka's batches never expire
LEAD_AGAIN = timedelta(seconds=1)  # pause after a fault, and until a standby takes over
PRUNE_EVERY = timedelta(minutes=10)
LOG_CHECK_EVERY = timedelta(seconds=10)  # how long lost records may go unnoticed

# Advisory locks are per database, so each service has its own leader.
_LEADER_LOCK = 7_301_002
_LEAD = text(f"SELECT pg_try_advisory_lock({_LEADER_LOCK})")


class RelayFault(Exception):
    """The broker did not take a chunk; its rows stay in the outbox."""


class LogShortened(Exception):
    """The broker's log ends before records that it had acknowledged."""


_FAULTS = (RelayFault, KafkaError, *DATABASE_FAULTS)


class Relay:
    """Publishes a service's events; of all its workers one leads."""

    def __init__(self, engine: AsyncEngine, settings: ServiceSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._nudged = asyncio.Event()
        self._chunk = CHUNK_ROWS
        self._ends: ledger.Ends = {}
        self.is_leading = False
        # Without a series at 0 the first loss would not be an increase, and raise no alert.
        event_metrics.RELAY_FAILURES.add(0, {"error.type": LogShortened.__name__})

    def nudge(self) -> None:
        """Look at the outbox now, because this process has committed an event."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; wait while the database or the broker is away."""
        await run_every(
            LEAD_AGAIN,
            stop,
            lambda: self._try_to_lead(stop),
            on_fault="relay interrupted",
            waits_out=_FAULTS,
        )

    async def _try_to_lead(self, stop: asyncio.Event) -> None:
        try:
            async with self._engine.connect() as connection:
                await self._lead(connection, stop)
        except _FAULTS as fault:
            event_metrics.RELAY_FAILURES.add(1, {"error.type": type(fault).__name__})
            raise
        finally:
            self.is_leading = False

    async def _lead(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        # The lock lives as long as the connection: a relay without database stops leading.
        leads = (await connection.execute(_LEAD)).scalar_one()
        await connection.commit()
        if not leads:
            return
        self.is_leading = True
        producer = new_producer(self._settings)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                await producer.start()
            async with open_log(self._settings) as log:
                self._ends = await ledger.read_ends(connection)
                await connection.commit()
                await self._relay_until_stopped(connection, producer, log, stop)
        finally:
            # After a failed send an idempotent producer refuses its partition for ever, and a
            # send that timed out may still be delivered: the producer must not be used again.
            await abandon_producer(producer)
            # In the pool the connection would keep the lock, and no relay could lead.
            await connection.invalidate()

    async def _relay_until_stopped(
        self,
        connection: AsyncConnection,
        producer: AIOKafkaProducer,
        log: AIOKafkaConsumer,
        stop: asyncio.Event,
    ) -> None:
        pause = BUSY_POLL
        await self._check_log(connection, producer, log, is_new=True)
        prune_at = datetime.now(UTC)
        check_at = prune_at + LOG_CHECK_EVERY
        while not stop.is_set():
            self._nudged.clear()
            if datetime.now(UTC) >= check_at:
                await self._check_log(connection, producer, log)
                check_at = datetime.now(UTC) + LOG_CHECK_EVERY
            published = await self._publish_chunk(connection, producer)
            if published:
                pause = BUSY_POLL
                if published == self._chunk:
                    continue
            if datetime.now(UTC) >= prune_at:
                await ledger.prune(connection)
                await connection.commit()
                prune_at = datetime.now(UTC) + PRUNE_EVERY
            await wait_until_set(self._nudged, pause)
            pause = min(pause * 1.5, IDLE_POLL)

    async def _publish_chunk(self, connection: AsyncConnection, producer: AIOKafkaProducer) -> int:
        rows = await ledger.claim(connection, self._chunk)
        if not rows:
            await connection.rollback()
            return 0
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                sent = await self._send(producer, rows)
        except (KafkaError, TimeoutError) as fault:
            await ledger.note_failure(connection, rows, fault)
            await connection.commit()
            # Smaller chunks isolate a row that the broker refuses.
            self._chunk = max(1, len(rows) // 2)
            raise RelayFault(repr(fault)) from fault
        ends = await ledger.mark(connection, rows, sent)
        await self._replace_lost(connection, rows, sent)
        await connection.commit()
        self._ends |= {each: max(end, self._ends.get(each, 0)) for each, end in ends.items()}
        self._chunk = CHUNK_ROWS
        now = datetime.now(UTC)
        for kind, number in Counter([row.type for row in rows]).items():
            event_metrics.PUBLISHED.add(number, {"type": kind})
        for row in rows:
            event_metrics.OUTBOX_DELAY.record((now - row.created_at).total_seconds())
        return len(rows)

    async def _check_log(
        self,
        connection: AsyncConnection,
        producer: AIOKafkaProducer,
        log: AIOKafkaConsumer,
        is_new: bool = False,
    ) -> None:
        """Publish again what the broker has lost by a restore, or by a crash before its flush.

        A new leader compares records, not only the log's length: its predecessor may have sent
        records to the offsets of lost ones, and died before it marked them.
        """
        names = {self._settings.topic(each.topic): each.topic for each in self._ends}
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            asked = [
                TopicPartition(name, number)
                for name in names
                for number in await producer.partitions_for(name)
            ]
            found = await log.end_offsets(asked) if asked else {}
        for broker_partition, end in found.items():
            partition = broker_partition._replace(topic=names[broker_partition.topic])
            known, lost_from = self._ends.get(partition, 0), end
            if is_new or end < known:
                async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                    overwritten = await find_overwritten(
                        connection, log, partition, broker_partition, end
                    )
                lost_from = end if overwritten is None else overwritten
            if lost_from < max(end, known):
                await self._publish_again(connection, partition, lost_from)
            self._ends[partition] = max(end, known)
            if end > known:
                # Foreign records, such as copies. Consumers have passed them, so the next leader
                # must know that consumers skip our records below this end if the broker loses them.
                await ledger.note_ends(connection, {partition: end})
        await connection.commit()

    async def _replace_lost(
        self,
        connection: AsyncConnection,
        rows: Sequence[Row[Any]],
        sent: Sequence[RecordMetadata],
    ) -> None:
        """Publish records again that landed below the known end of the log: it was shortened.

        Consumers that were further never read there again. So these records are published until
        they lie beyond every acknowledged offset.
        """
        shortened: dict[TopicPartition, int] = {}
        for row, record in zip(rows, sent, strict=True):
            partition = TopicPartition(row.topic, record.partition)
            if record.offset < self._ends.get(partition, 0):
                lowest = shortened.get(partition, record.offset)
                shortened[partition] = min(lowest, record.offset)
        for partition, offset in shortened.items():
            await self._publish_again(connection, partition, offset)

    async def _publish_again(
        self, connection: AsyncConnection, partition: TopicPartition, offset: int
    ) -> None:
        events = await ledger.publish_again(connection, partition, offset)
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

    async def _send(
        self, producer: AIOKafkaProducer, rows: Sequence[Row[Any]]
    ) -> list[RecordMetadata]:
        spans = SendSpans(rows, self._settings.trace_keep_ratio)
        try:
            # send() keeps the order of its calls within a partition.
            pending = [
                await producer.send(
                    self._settings.topic(row.topic),
                    key=row.key.encode(),
                    value=row.payload,
                    headers=message_headers(row, span, self._settings.service_name),
                )
                for row, span in zip(rows, spans.each, strict=True)
            ]
            sent = list(await asyncio.gather(*pending))
        except (KafkaError, asyncio.CancelledError) as fault:
            spans.end(fault)
            raise
        spans.end()
        if any(record.offset < 0 for record in sent):
            # An earlier attempt succeeded, and the broker does not say at which offset.
            raise RelayFault("position unknown")
        return sent
