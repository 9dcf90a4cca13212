"""Consumes events exactly once in effect: position, deduplication and effect commit together.

The position row in the service's database is the fence. Every batch locks it and compares it, so
redelivered records and those of a zombie consumer are recognised as applied. Kafka's committed
offset only follows, for tools that show lag.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic, time_ns

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.away import DatabaseAway, answers, run_while_it_answers
from service_kit.database.faults import (
    DATABASE_FAULTS,
    TooMuchAtOnce,
    TransientFailure,
    is_bad_data,
    is_corruption,
    is_too_much,
    is_transient,
    name_of_fault,
)
from service_kit.database.loops import run_every
from service_kit.events import event_metrics, positions
from service_kit.events.batch import Batch
from service_kit.events.cloud_events import PoisonMessage, Subscription, as_poison
from service_kit.events.dead_letters import DeadLetterLimitReached
from service_kit.events.fetching import BATCH_RECORDS, Fetched
from service_kit.events.kafka_clients import give_up_membership, new_consumer, stop_consumer
from service_kit.events.log_reader import LogGap, LogReader
from service_kit.events.membership import NameTaken, choose_rest
from service_kit.events.multi_partition import NotTogether, apply_together, by_topic
from service_kit.events.retries import Retries
from service_kit.events.stall import ClientStalled, StallWatch
from service_kit.settings import ServiceSettings
from service_kit.waiting import run_until_set, wait_until_set

logger = logging.getLogger(__name__)

RECONNECT_PAUSE = timedelta(seconds=1)
# How stale Kafka's committed offset may be, and how long a gap at a log's end counts as lag.
LOOK_EVERY = timedelta(seconds=2)


class LogRegressed(TransientFailure):
    """The broker's log ends before our position: it lost acknowledged records."""


class _AheadOfPosition(Exception):
    """The first of these records stands after the position that the database holds."""

    def __init__(self, position: int, first: int) -> None:
        super().__init__(position, first)
        self.position = position
        self.first = first


class Consumer:
    """Consumes all subscriptions of a service. Kafka divides the partitions among its workers."""

    def __init__(
        self,
        engine: AsyncEngine,
        settings: ServiceSettings,
        subscriptions: Sequence[Subscription],
        after_commit: Callable[[], None] = lambda: None,
        group: str | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._subscriptions = {settings.topic(each.topic): each for each in subscriptions}
        self._name = settings.service_name
        self._group = settings.topic(group or self._name)
        self._after_commit = after_commit
        self._most_records = BATCH_RECORDS
        self._retries = Retries()
        self._hints: dict[TopicPartition, int] = {}
        self._received_ns = 0
        self.is_connected = False
        self.stall = StallWatch(self._retries)
        for each in subscriptions:
            # An alert names this fault: its first occurrence must be a rise.
            event_metrics.count_retries(self._name, each.topic, LogGap.__name__, 0)
        event_metrics.observe_stopped(self._name, lambda: self._retries.stopped_by_dead_letters)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until `stop` is set. Wait while the broker is away; raise a bug."""
        await run_every(
            RECONNECT_PAUSE,
            stop,
            lambda: self._consume_or_rest(stop),
            on_fault="consumer interrupted",
            waits_out=(KafkaError, ClientStalled),
        )

    async def _consume_or_rest(self, stop: asyncio.Event) -> None:
        try:
            await self._connect_and_consume(stop)
        except NameTaken as fault:
            logger.error(
                "this worker rests: its name is not its own",
                extra={"error": str(fault), "setting": "WORKER_INSTANCE"},
            )
            await wait_until_set(stop, choose_rest())

    async def _connect_and_consume(self, stop: asyncio.Event) -> None:
        if not await answers(self._engine):
            raise DatabaseAway("joins its group when the database answers")
        client = new_consumer(self._settings, self._group)
        reader = LogReader(client, self._engine, self._settings, list(self._subscriptions))
        try:
            await self.stall.run(reader, self._start_and_consume(reader, stop))
        finally:
            self.is_connected = False
            await stop_consumer(client)

    async def _start_and_consume(self, reader: LogReader, stop: asyncio.Event) -> None:
        # It returns with the first assignment.
        await run_until_set(stop, reader.client.start())
        if stop.is_set():
            return
        self.is_connected = True
        try:
            await run_while_it_answers(self._engine, self._consume(reader, stop))
        except DatabaseAway:
            # Other workers, whose database answers, get its partitions.
            give_up_membership(reader.client)
            raise

    async def _consume(self, reader: LogReader, stop: asyncio.Event) -> None:
        self._retries.clear()
        look_at = monotonic() + LOOK_EVERY.total_seconds()
        while not stop.is_set():
            self._resume_due(reader.client)
            self.stall.batch_begun = None
            # A client without an assignment waits for one, whatever its timeout.
            batches = await run_until_set(stop, reader.fetch(self._most_records))
            if batches is None:
                break
            self.stall.batch_begun = monotonic()
            self._received_ns = time_ns()
            self._most_records = min(BATCH_RECORDS, 2 * self._most_records)
            for fetched in by_topic(batches):
                if len(fetched) > 1 and await self._take_together(fetched):
                    continue
                for partition, records in fetched.items():
                    await self._take(reader, partition, records)
            if monotonic() >= look_at:
                await reader.pass_last_gaps()
                await self._commit_hints(reader)
                look_at = monotonic() + LOOK_EVERY.total_seconds()
        await self._commit_hints(reader)

    async def _take_together(self, fetched: Fetched) -> bool:
        """Apply the records of several partitions at once; return False when that failed.

        A failure has applied nothing. The caller then takes each partition alone, which isolates
        the fault.
        """
        try:
            await self._apply_together(fetched)
        except (NotTogether, PoisonMessage, TransientFailure, *DATABASE_FAULTS):
            return False
        for partition, records in fetched.items():
            self._retries.succeed(partition)
            self._hints[partition] = records[-1].offset + 1
        return True

    async def _apply_together(self, fetched: Fetched) -> None:
        async with self._transaction(next(iter(fetched)).topic) as (session, batch):
            limit = self._settings.dead_letter_limit
            await apply_together(session, self._name, fetched, batch, limit)

    @asynccontextmanager
    async def _transaction(self, topic: str) -> AsyncIterator[tuple[AsyncSession, Batch]]:
        """Open a transaction with an empty batch; log and count it after the commit."""
        keep_ratio = self._settings.trace_keep_ratio
        batch = Batch(self._subscriptions[topic], self._name, self._received_ns, keep_ratio)
        with batch.traced():
            async with AsyncSession(self._engine) as session, session.begin():
                yield session, batch
        batch.log_and_count()
        self._after_commit()

    async def _take(
        self, reader: LogReader, partition: TopicPartition, records: Sequence[ConsumerRecord]
    ) -> None:
        try:
            await self._advance(reader, partition, records)
        except (*DATABASE_FAULTS, TransientFailure) as fault:
            if not is_transient(fault):
                raise
            self._retry_later(reader, partition, records[0].offset, fault)

    async def _advance(
        self, reader: LogReader, partition: TopicPartition, records: Sequence[ConsumerRecord]
    ) -> None:
        while True:
            try:
                position = await self._apply_or_isolate(partition, records)
                break
            except _AheadOfPosition as ahead:
                if not await reader.close_gap(partition, ahead.position, ahead.first):
                    return
        if position > records[-1].offset + 1:
            # Another process has applied these records: do not fetch them again.
            end = await reader.find_end(partition)
            if end < position:
                # The relay publishes the lost records again, beyond `position`.
                raise LogRegressed(f"{partition} ends at {end}, {position} was applied")
            reader.seek(partition, position)
        self._retries.succeed(partition)
        self._hints[partition] = position

    async def _apply_or_isolate(
        self, partition: TopicPartition, records: Sequence[ConsumerRecord]
    ) -> int:
        try:
            return await self._apply(partition, records)
        except DeadLetterLimitReached:
            if len(records) == 1:
                raise
        except (PoisonMessage, TooMuchAtOnce, *DATABASE_FAULTS) as fault:
            if len(records) == 1:
                return await self._apply(partition, records, refused=as_poison(fault))
            if is_too_much(fault):
                self._most_records = len(records) // 2
            elif not _is_of_one_record(fault):
                raise
        # One of the records cannot be applied, or all are too many: halve the batch.
        middle = len(records) // 2
        await self._apply_or_isolate(partition, records[:middle])
        return await self._apply_or_isolate(partition, records[middle:])

    async def _apply(
        self,
        partition: TopicPartition,
        records: Sequence[ConsumerRecord],
        refused: PoisonMessage | None = None,
    ) -> int:
        """Apply one batch in one transaction and return the position after it."""
        async with self._transaction(partition.topic) as (session, batch):
            position = await positions.lock_or_begin(session, self._name, partition)
            fresh = [record for record in records if record.offset >= position]
            if not fresh:
                return position
            if fresh[0].offset > position:
                raise _AheadOfPosition(position, fresh[0].offset)
            if refused is None:
                batch.decode(fresh)
            else:
                batch.refuse(fresh[0], refused)
            await batch.apply_and_move(session, [fresh[-1]], self._settings.dead_letter_limit)
        return int(fresh[-1].offset) + 1

    def _retry_later(
        self, reader: LogReader, partition: TopicPartition, offset: int, fault: BaseException
    ) -> None:
        retry = self._retries.fail(partition, fault)
        topic = self._subscriptions[partition.topic].topic
        event_metrics.count_retries(self._name, topic, name_of_fault(fault), 1)
        logger.log(
            logging.ERROR if retry.is_loud else logging.WARNING,
            "batch failed, its partition pauses",
            extra={
                "partition": str(partition),
                "offset": offset,
                "failing_since": retry.failing_since.isoformat(),
                "error": repr(fault),
            },
        )
        reader.client.pause(partition)
        reader.seek(partition, offset)

    def _resume_due(self, client: AIOKafkaConsumer) -> None:
        self._retries.keep(client.assignment())
        client.resume(*(each for each in client.paused() if self._retries.is_due(each)))

    async def _commit_hints(self, reader: LogReader) -> None:
        hints, self._hints = self._hints, {}
        await reader.commit(hints)


def _is_of_one_record(fault: BaseException) -> bool:
    """Return whether one record of a batch can cause the fault, while the others are applied."""
    return isinstance(fault, PoisonMessage) or is_bad_data(fault) or is_corruption(fault)
