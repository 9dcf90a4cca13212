"""PostgreSQL, Kafka and Jaeger for the benchmark alone, in a folder that is deleted afterwards."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import asyncpg
import psutil
from sqlalchemy.engine import make_url

from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.observability import installed_ports, traces_environment
from infra.tools.local.ports import find_free_ports
from infra.tools.local.stack import Stack
from infra.tools.measure.bench.processes import POSTGRESQL, PROCESS, Programs, Served, serve

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_OWNER = """
    SELECT quote_ident(pg_get_userbyid(datdba)) FROM pg_database WHERE datname = $1::text
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """Sizes and lengths: `FULL` for the documents, `QUICK` to see that everything works."""

    rounds: int
    seconds: float  # of one load
    sizes: tuple[int, ...]  # sales stored
    log_sales: int
    minutes: float


FULL = Effort(3, 2.0, (10_000, 1_000_000, 10_000_000), 200_000, 1.0)
QUICK = Effort(1, 1.0, (10_000, 100_000), 50_000, 0.25)


@dataclass(frozen=True, slots=True)
class Lab:
    """The infrastructure of one part; `running` ends what the part has started."""

    stack: Stack
    running: AsyncExitStack

    @property
    def layout(self) -> Layout:
        return self.stack.layout

    def environment(self, service: str, database: str | None = None) -> dict[str, str]:
        """Return what `make up` gives to a process of a service, on one of its databases."""
        layout = self.layout
        found = {
            "DATABASE_URL": on_database(layout.database_url(service), database or service),
            "KAFKA_BOOTSTRAP_SERVERS": layout.kafka_bootstrap_servers,
            "HTTP_HOST": "127.0.0.1",
            # An audit would miss the facts that the made sales do not have.
            "AUDIT_EVERY_SECONDS": "86400",
            **traces_environment(layout),
        }
        # Each database of the report needs a consumer group of its own.
        return found | ({"SERVICE_NAME": database.replace("_", "-")} if database else {})

    def processes(self, name: str) -> list[psutil.Process]:
        """Return a program of the stack with its children: PostgreSQL's backends are children."""
        process = psutil.Process(self.stack.pid(name))
        return [process, *process.children(recursive=True)]

    def programs_of(self, served: Served) -> Callable[[], Programs]:
        """Return a function that lists a process and PostgreSQL.

        Only one target is asked at a time, so all of PostgreSQL works for it.
        """
        return lambda: {PROCESS: [served.process], POSTGRESQL: self.processes("postgresql")}

    async def serve(self, module: str, environment: Mapping[str, str]) -> Served:
        """Run a module that listens until the part ends."""
        return await self.running.enter_async_context(serve(module, environment))

    async def clone(self, service: str, name: str) -> str:
        """Make a database like the migrated, empty one of a service; return its name."""
        async with self.connect("postgres") as connection:
            # The functions of the service's owner make sequences, as only the owner may.
            owner = await connection.fetchval(_OWNER, service)
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {service} OWNER {owner}")
        return name

    @asynccontextmanager
    async def connect(self, database: str) -> AsyncIterator[Connection]:
        """Connect to a database as administrator until the end of the block."""
        connection = await asyncpg.connect(plain(on_database(self.layout.admin_url, database)))
        try:
            yield connection
        finally:
            await connection.close()


def on_database(url: str, name: str) -> str:
    """Return the same server and role with another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def plain(url: str) -> str:
    """Return the address in the form that asyncpg itself reads."""
    return url.replace("+asyncpg", "")


def say(line: str) -> None:
    """Report progress on stderr."""
    sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def open_lab(further: Iterable[str] = ()) -> AsyncIterator[Lab]:
    """Start the infrastructure; `further` programs get a port, so they start with the services."""
    state = Path(tempfile.mkdtemp(prefix="comptoir-bench-"))
    jaeger_ports = [name for name in installed_ports() if name.startswith("jaeger")]
    stack = Stack(Layout(state, find_free_ports((*DEFAULT_PORTS, *jaeger_ports, *further))))
    try:
        await stack.start_infrastructure()
        await stack.start_backends()
        async with AsyncExitStack() as running:
            yield Lab(stack, running)
    finally:
        await asyncio.to_thread(stack.discard)
        shutil.rmtree(state)
