"""Reads the partitions of a group's member, and tells a gap of the log from a jump of its own.

Offsets have gaps. Kafka never delivers the markers of transactions, nor records that compaction
has removed. But this reader jumps as well: to an offset that Kafka's group has committed, or after
a failed fetch. Only a gap in a stretch that was read without a break holds no record.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from time import monotonic

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.faults import DATABASE_FAULTS, TransientFailure, is_transient
from service_kit.events import event_metrics, positions
from service_kit.events.fetching import (
    BATCH_RECORDS,
    Fetched,
    Undecodable,
    fetch_one_by_one,
    fetch_some,
)
from service_kit.events.kafka_clients import GOODBYE_SECONDS
from service_kit.events.membership import Membership
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)


class LogGap(TransientFailure):
    """The broker's log begins after our position: it deleted records that we had not applied."""


class LogReader(ConsumerRebalanceListener):  # type: ignore[misc]
    """Fetches the records of a client, and passes the offsets that hold none."""

    def __init__(
        self,
        client: AIOKafkaConsumer,
        engine: AsyncEngine,
        settings: ServiceSettings,
        topics: Sequence[str],
    ) -> None:
        self.client = client
        self._engine = engine
        self._settings = settings
        self._consumer = settings.service_name
        self._membership = Membership(settings.worker_instance)
        # From where each partition was read without a break until now.
        self._unbroken_from: dict[TopicPartition, int] = {}
        self._is_rebalancing = False
        # Since when this member waits for an assignment; None while it has one.
        self.unassigned_since: float | None = monotonic()
        # Where each partition was read to when the database had the same position.
        self._level: dict[TopicPartition, int] = {}
        if topics:  # a worker may only publish
            client.subscribe(topics, listener=self)
        for topic in topics:
            # Without a series at 0 the first gap would not be an increase, and raise no alert.
            self._count_gap(topic, 0)

    async def fetch(self, most_records: int = BATCH_RECORDS) -> Fetched:
        """Fetch records of all partitions.

        A record that the client cannot decode becomes one without value, whose header says why.
        Raises `NameTaken`.
        """
        self._membership.raise_if_taken()
        try:
            fetched = await fetch_some(self.client, most_records)
        except Undecodable as fault:
            # What the client has dropped would look like a gap.
            self._unbroken_from.clear()
            # Apply first what came before: else the same records would be fetched for ever.
            return fault.before or await self._fetch_one_by_one()
        for partition, records in fetched.items():
            self._begin(partition, records[0].offset)
        return fetched

    async def _fetch_one_by_one(self) -> Fetched:
        fetched: dict[TopicPartition, Sequence[ConsumerRecord]] = {}
        try:
            for partition in self.client.assignment():
                self._begin(partition, await self.client.position(partition))
                if records := await fetch_one_by_one(self.client, self._settings, partition):
                    fetched[partition] = records
        except IllegalStateError:
            # A rebalance has taken a partition away.
            self._unbroken_from.clear()
        return fetched

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read a partition from `offset` on."""
        self.client.seek(partition, offset)
        self._unbroken_from.pop(partition, None)
        self._begin(partition, offset)

    def _begin(self, partition: TopicPartition, offset: int) -> None:
        # During a rebalance, the next assignment does not begin at what was fetched or sought.
        if not self._is_rebalancing:
            self._unbroken_from.setdefault(partition, offset)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._is_rebalancing = True
        if self.unassigned_since is None:
            self.unassigned_since = monotonic()
            self._membership.note_rejoin(self.client, self.unassigned_since)
        self._unbroken_from.clear()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._is_rebalancing = False
        self.unassigned_since = None
        self._unbroken_from.clear()

    async def close_gap(self, partition: TopicPartition, position: int, until: int) -> bool:
        """Pass offsets that hold no record, or read them again; return whether they are passed.

        Raises `LogGap`.
        """
        if await self._holds_no_record(partition, position):
            async with AsyncSession(self._engine) as session, session.begin():
                passed = await positions.skip(session, self._consumer, partition, position, until)
            if passed:
                self._count_gap(partition.topic, until - position)
                logger.warning(
                    "offsets without a record passed",
                    extra={"partition": str(partition), "offset": position, "until": until},
                )
                return True
        # What was fetched and not applied must be fetched again: else it would look like a gap.
        self.seek(partition, position)
        return False

    async def _holds_no_record(self, partition: TopicPartition, position: int) -> bool:
        begin = self._unbroken_from.get(partition)
        if begin is None or begin > position:
            return False
        async with asyncio.timeout(GOODBYE_SECONDS):  # a silent broker must not hold up a stop
            beginning = (await self.client.beginning_offsets([partition]))[partition]
        if beginning > position:
            raise LogGap(f"{partition}: {position}..{beginning} is gone")
        return True

    async def find_end(self, partition: TopicPartition) -> int:
        """Return the offset behind the last record of a partition's log."""
        async with asyncio.timeout(GOODBYE_SECONDS):
            ends = await self.client.end_offsets([partition])
        return int(ends[partition])

    async def commit(self, hints: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka's group how far partitions are applied; only tools that show lag need it."""
        mine = self.client.assignment()
        offsets = {each: offset for each, offset in hints.items() if each in mine}
        if not offsets:
            return
        try:
            # commit() retries without end while the coordinator is away.
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.client.commit(offsets)
        except (KafkaError, TimeoutError) as fault:
            logger.info("offset hint not committed", extra={"error": repr(fault)})

    def _count_gap(self, topic: str, offsets: int) -> None:
        ours = topic.removeprefix(self._settings.topic_prefix)
        event_metrics.pass_over(self._consumer, ours, "gap", offsets)

    async def pass_last_gaps(self) -> None:
        """Pass the gaps at the ends of the log: no record follows that would show them.

        The caller has applied all that it has fetched.
        """
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                assigned = self.client.assignment()
                read = {each: await self.client.position(each) for each in assigned}
            moved = {each: at for each, at in read.items() if self._level.get(each) != at}
            if not moved:
                return
            async with self._engine.connect() as connection:
                applied = await positions.read(connection, self._consumer)
            for partition, at in moved.items():
                row = applied.get(partition)
                if (position := row.next_offset if row else 0) < at:
                    await self.close_gap(partition, position, at)
                else:
                    self._level[partition] = at
        except IllegalStateError:
            return  # a rebalance has taken a partition away
        except (*DATABASE_FAULTS, TransientFailure) as fault:
            if not is_transient(fault):
                raise
            logger.info("ends of the log not compared", extra={"error": repr(fault)})
