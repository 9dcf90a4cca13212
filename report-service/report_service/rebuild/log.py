"""Applies the whole log to the copies, with the code of the live consumer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import time_ns

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events import dead_letters, positions
from service_kit.events.batch import Batch
from service_kit.events.cloud_events import PoisonMessage, Subscription, as_poison
from service_kit.events.fetching import Fetched, fetch_one_by_one
from service_kit.events.log import list_partitions, open_log
from service_kit.settings import ServiceSettings

BATCH_RECORDS = 5000
Positions = dict[TopicPartition, int]


class RefusedEvent(Exception):
    """The log holds an event that the copies cannot apply and that is no live dead letter."""


class LogReader:
    """Reads partitions from the positions of the copies, without a consumer group."""

    def __init__(
        self,
        engine: AsyncEngine,
        settings: ServiceSettings,
        subscriptions: Sequence[Subscription],
        client: AIOKafkaConsumer,
        positions: Positions,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._name = settings.service_name
        self._subscriptions: Mapping[str, Subscription] = {
            settings.topic(each.topic): each for each in subscriptions
        }
        self._client = client
        self.positions = positions
        self.skipped = 0

    async def read_ends(self) -> Positions:
        """Return the ends of the log."""
        return dict(await self._client.end_offsets(list(self.positions)))

    async def advance(self, timeout_ms: int = 1000) -> int:
        """Fetch and apply some records and return their number."""
        try:
            batches = await self._client.getmany(timeout_ms=timeout_ms, max_records=BATCH_RECORDS)
        except UnicodeDecodeError:
            batches = await self._fetch_one_by_one()
        set_aside = await self._read_set_aside() if batches else set()
        for partition, records in batches.items():
            await self._apply(partition, records, set_aside)
        for partition in self.positions:
            # Past the last record as well: markers of transactions take offsets and hold none.
            self.positions[partition] = await self._client.position(partition)
        return sum(map(len, batches.values()))

    async def _fetch_one_by_one(self) -> Fetched:
        # The client has dropped records of other partitions: read from the positions again.
        for partition, position in self.positions.items():
            self._client.seek(partition, position)
        return {
            partition: records
            for partition in self.positions
            if (records := await fetch_one_by_one(self._client, self._settings, partition))
        }

    async def _read_set_aside(self) -> set[tuple[str, int, int]]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(dead_letters.LIST_SET_ASIDE, {"consumer": self._name})
            return {(row.topic, row.partition, row.offset) for row in rows}

    async def _apply(
        self,
        partition: TopicPartition,
        records: Sequence[ConsumerRecord],
        set_aside: set[tuple[str, int, int]],
    ) -> None:
        wanted = [each for each in records if (*partition, each.offset) not in set_aside]
        # Without spans: the live consumer has traced these events.
        batch = Batch(self._subscriptions[partition.topic], self._name, time_ns(), keep_ratio=0)
        try:
            for record in wanted:
                batch.decode_or_raise(record)
            async with AsyncSession(self._engine) as session, session.begin():
                await batch.apply(session)
                await positions.move(session, self._name, [records[-1]])
        except (PoisonMessage, DBAPIError) as fault:
            poison = as_poison(fault)
            offsets = f"{wanted[0].offset}..{wanted[-1].offset}"
            raise RefusedEvent(f"{partition} {offsets}: {poison}") from fault
        self.skipped += len(records) - len(wanted)


@asynccontextmanager
async def open_reader(
    engine: AsyncEngine, settings: ServiceSettings, subscriptions: Sequence[Subscription]
) -> AsyncIterator[LogReader]:
    """Open a reader at the positions of the copies."""
    async with open_log(
        settings,
        isolation_level="read_committed",
        # A log that no longer begins where the copies stand must not be taken for a whole one.
        auto_offset_reset="none",
        fetch_max_bytes=16 * 1024 * 1024,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    ) as client:
        partitions = await list_partitions(settings, (each.topic for each in subscriptions))
        async with engine.connect() as connection:
            known = await positions.read(connection, settings.service_name)
        begins = {each: known[each].next_offset if each in known else 0 for each in partitions}
        client.assign(partitions)
        for partition, position in begins.items():
            client.seek(partition, position)
        yield LogReader(engine, settings, subscriptions, client, begins)
