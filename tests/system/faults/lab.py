"""A running stack that the faults disturb, and that `heal` repairs."""

import asyncio
import logging
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import psutil
from sqlalchemy.engine import make_url

from infra.tools.local.layout import SERVICES
from infra.tools.local.programs import INFRASTRUCTURE, PROCESSES
from infra.tools.local.stack import Stack
from infra.tools.local.supervisor import Supervisor
from tests.fixtures.http import open_client
from tests.fixtures.jvm import prepare_jvm
from tests.fixtures.system import for_tests, make_state_folder
from tests.fixtures.waiting import eventually
from tests.system.faults.layout import (
    LINKS,
    TWINS,
    FaultLayout,
    FaultPrograms,
    find_layout,
)
from tests.system.faults.points import POINTS_OF, arm, disarm, is_armed
from tests.system.faults.proxy import PASS_AGAIN

HEAL_SECONDS = 90.0
# A trigger records every position that goes back, even for a moment.
WATCH_POSITIONS = """
    CREATE SCHEMA fault_lab;
    CREATE TABLE fault_lab.steps_back (topic text, partition int, former bigint, new bigint);
    CREATE FUNCTION fault_lab.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    BEGIN
        INSERT INTO fault_lab.steps_back
        VALUES (OLD.topic, OLD.partition, OLD.next_offset, NEW.next_offset);
        RETURN NEW;
    END
    $$;
    CREATE TRIGGER note_steps_back AFTER UPDATE ON consumer_positions FOR EACH ROW
    WHEN (NEW.next_offset < OLD.next_offset) EXECUTE FUNCTION fault_lab.note();
"""
# An interrupted fault may have left its limits in place.
HEAL_DATABASE = """
    DO $$
    DECLARE
        role name;
    BEGIN
        FOR role IN SELECT rolname FROM pg_roles WHERE rolconnlimit = 0 LOOP
            EXECUTE format('ALTER ROLE %I CONNECTION LIMIT -1', role);
        END LOOP;
        IF current_setting('default_transaction_isolation') <> 'read committed' THEN
            EXECUTE format(
                'ALTER DATABASE %I RESET default_transaction_isolation', current_database());
        END IF;
    END
    $$
"""
DATABASE_ERRORS = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError),
    asyncpg.InternalClientError,  # a session that was ended within a statement
)
PARTITION_TOPICS = ("sales.events.v1", "stock.events.v1")


class Lab:
    """The processes of one stack by name, and the ways to disturb each."""

    def __init__(self, layout: FaultLayout, mutation: str | None = None) -> None:
        self.layout = layout
        self.stack = Stack(layout, programs=for_tests(FaultPrograms(mutation)))
        self._supervisor = Supervisor(layout)
        self._disturbed: set[str] = set()
        # What a fault has seen while it lasted; a run reports it with its other violations.
        self.violations: list[str] = []
        # The place in the log of each record that every reader must set aside, with its kind.
        self.poison: dict[tuple[str, int, int], str] = {}
        # Only one fault at a time may append to the log beside the relays, or shorten it.
        self.log_lock = asyncio.Lock()

    async def start(self) -> None:
        await self.stack.start_infrastructure()
        for service in SERVICES:
            async with self.connection(service) as connection:
                await connection.execute(WATCH_POSITIONS)
        for link in LINKS:
            self._supervisor.start(link)
        await self.stack.start_services()

    def pid(self, name: str) -> int:
        """Return the process id; 0 when it does not run."""
        return self.stack.pid(name)

    def disturb(self, link: str, number: signal.Signals) -> None:
        """Send a link's proxy a signal that silences it or drops its packets."""
        self._disturbed.add(link)
        self.signal(link, number)

    def restore(self, link: str) -> None:
        """Replace a disturbed link by a new one; connections through the old one end."""
        self._disturbed.discard(link)
        self.kill(link)

    def let_pass(self, link: str) -> None:
        """End a disturbance; connections that are still open go on."""
        self._disturbed.discard(link)
        self.signal(link, signal.SIGCONT)
        self.signal(link, PASS_AGAIN)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process and, for PostgreSQL, to its children too."""
        pid = self.pid(name)
        if not pid:
            return
        family = [psutil.Process(pid)]
        if name == "postgresql":
            family += family[0].children(recursive=True)
        for process in family:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue

    def kill(self, name: str) -> None:
        """Kill a process (`kill -9`); the supervisor starts it again."""
        pid = self.pid(name)
        if pid:
            os.kill(pid, signal.SIGKILL)

    async def is_ready(self, name: str) -> bool:
        """Tell whether a process of a service is ready."""
        try:
            async with open_client(base_url=self.layout.url(name), timeout=5) as client:
                return (await client.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async def stop(self, name: str) -> None:
        """Stop a process until `start_program`."""
        await asyncio.to_thread(self._supervisor.stop, name)

    def start_program(self, name: str) -> None:
        self._supervisor.start(name)

    def stays_down(self, name: str) -> bool:
        """Tell whether the supervisor has given the process up."""
        return self._supervisor.state(name) in ("STOPPED", "FATAL")

    def arm(self, process: str, point: str, action: str = "kill") -> None:
        """Arm a fail point of the process."""
        arm(self.layout.sabotage_folder(process), point, action)

    def is_armed(self, process: str, point: str) -> bool:
        return is_armed(self.layout.sabotage_folder(process), point)

    @property
    def database_urls(self) -> dict[str, str]:
        """Return each service's database with the administrator's role, without the proxy."""
        url = make_url(self.layout.admin_url)
        return {
            service: url.set(database=service).render_as_string(hide_password=False)
            for service in SERVICES
        }

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """Open a connection to a service's database with the administrator's role."""
        url = self.database_urls[service].replace("+asyncpg", "")
        connection = await asyncpg.connect(url, timeout=5)
        try:
            yield connection
        finally:
            # A normal close would wait for a server that may be frozen.
            connection.terminate()

    async def heal(self) -> None:
        """End every fault, and wait until the whole system is ready."""
        for process, points in POINTS_OF.items():
            for point in points:
                disarm(self.layout.sabotage_folder(process), point)
        for link in list(self._disturbed):
            self.restore(link)
        everything = (*INFRASTRUCTURE, *LINKS, *PROCESSES)
        for name in everything:
            self.signal(name, signal.SIGCONT)
            self.start_program(name)
        for twin in TWINS:
            self.signal(twin, signal.SIGCONT)
            await self.stop(twin)

        async def find_unready() -> list[str]:
            for name in everything:
                # supervisord gives up a process after too many failed starts.
                self.start_program(name)
            try:
                for service in SERVICES:
                    async with self.connection(service) as connection:
                        await connection.execute(HEAL_DATABASE)
            except (OSError, *DATABASE_ERRORS) as error:
                return [f"database {service}: {error!r}"]
            return await self.stack.unready()

        await eventually(find_unready, list[str](), within_seconds=HEAL_SECONDS)


@asynccontextmanager
async def open_lab(mutation: str | None = None) -> AsyncIterator[Lab]:
    """Start a stack in a temporary folder; stop and remove it afterwards."""
    # Faults make clients fail to connect; aiokafka would log each attempt.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    await asyncio.to_thread(prepare_jvm)
    state = make_state_folder()
    lab = Lab(find_layout(state), mutation)
    try:
        await lab.start()
        yield lab
    finally:
        await asyncio.to_thread(lab.stack.discard)
        shutil.rmtree(state)
