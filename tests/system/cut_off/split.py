"""What the two sides of a split stack do, and how to cut one off."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import asyncpg
from aiokafka import AIOKafkaConsumer
from sqlalchemy.engine import make_url

from infra.tools.local.layout import Layout
from infra.tools.local.stack import Stack
from infra.tools.local.supervisor import Supervisor
from service_kit.events.lost_records import ID_HEADER
from tests.fixtures.far_side import FarSide
from tests.fixtures.waiting import eventually
from tests.system.cut_off.layout import FAR_LISTENER, NEAR_WORKERS, SplitLayout

PUBLISHERS = ("sales", "stock")
TOPICS = ("sales.events.v1", "stock.events.v1", "catalogue.events.v1")
TARGETS = ("postgresql", "kafka")
READY_SECONDS = 60.0

_LEADER = """
    SELECT host(client_addr) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Split:
    """The running stack, and what its two sides do."""

    stack: Stack

    @property
    def layout(self) -> SplitLayout:
        assert isinstance(self.stack.layout, SplitLayout)
        return self.stack.layout

    @property
    def side(self) -> FarSide:
        return self.layout.side

    def cut_off(self, *targets: str) -> None:
        """Lose all packets between the far side and these targets, until it is restored."""
        for target in targets:
            port = FAR_LISTENER if target == "kafka" else target
            self.side.lose_packets(self.layout.ports[port])

    async def let_far_side_lead(self) -> None:
        """Let the far workers lead, and the near ones stand by."""
        supervisor = Supervisor(self.layout)
        await asyncio.gather(*(asyncio.to_thread(supervisor.stop, name) for name in NEAR_WORKERS))
        far: str | None = self.side.address
        for service in PUBLISHERS:
            await eventually(partial(self.leader, service), far)
        for name in NEAR_WORKERS:
            supervisor.start(name)
        await eventually(self.is_whole, True, READY_SECONDS)

    async def is_whole(self) -> bool:
        """Return whether every process of both sides is ready."""
        return not await self.stack.unready()

    async def leader(self, service: str) -> str | None:
        """Return the address of the worker that leads the service's relay."""
        async with self.connection(service) as connection:
            address: str | None = await connection.fetchval(_LEADER)
        return address

    async def last_event(self, service: str) -> int:
        """Return the newest row of the service's outbox."""
        async with self.connection(service) as connection:
            return int(await connection.fetchval("SELECT coalesce(max(id), 0) FROM outbox"))

    async def count_copies(self, after: Mapping[str, int]) -> dict[str, int]:
        """Count in Kafka's log the records of each event that stands after these outbox rows."""
        events: list[str] = []
        for service, row in after.items():
            async with self.connection(service) as connection:
                later = "SELECT event_id FROM outbox WHERE id > $1"
                events += [str(each["event_id"]) for each in await connection.fetch(later, row)]
        copies = Counter([each async for each in read_event_ids(self.layout)])
        return {event: copies[event] for event in events}

    def far_url(self, service: str) -> str:
        """Return the address of a service's database for a process of the far side."""
        return self.layout.from_afar(self.layout.database_url(service))

    async def far_sessions(self, service: str) -> int:
        """Return how many sessions the server keeps for the far side."""
        sessions = """
            SELECT count(*) FROM pg_stat_activity
            WHERE host(client_addr) = $1 AND datname = current_database()
        """
        async with self.connection(service) as connection:
            return int(await connection.fetchval(sessions, self.side.address))

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection to a service's database with the administrator's role."""
        url = make_url(self.layout.admin_url).set(drivername="postgresql", database=service)
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            yield connection
        finally:
            await connection.close()


async def read_event_ids(layout: Layout) -> AsyncIterator[str]:
    """Return the event of each record in the log of the publishers."""
    servers = layout.kafka_bootstrap_servers
    log = AIOKafkaConsumer(*TOPICS, bootstrap_servers=servers, auto_offset_reset="earliest")
    await log.start()
    try:
        ends = await log.end_offsets(log.assignment())
        while any([await log.position(each) < end for each, end in ends.items()]):
            for records in (await log.getmany(timeout_ms=1000)).values():
                for record in records:
                    yield dict(record.headers)[ID_HEADER].decode()
    finally:
        await log.stop()
