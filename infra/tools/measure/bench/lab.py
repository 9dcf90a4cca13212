"""PostgreSQL, Kafka and Jaeger for the benchmark alone, in a folder that is deleted afterwards."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.observability import installed_ports, traces_environment
from infra.tools.local.ports import find_free_ports
from infra.tools.local.stack import Stack


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: enough for the document, or just enough to see that it works."""

    rounds: int
    seconds: float
    latency_seconds: float
    sizes: list[int]
    log_sales: int
    minutes: float

    @classmethod
    def of(cls, *, quick: bool, rounds: int | None, minutes: float | None) -> "Effort":
        if quick:
            return cls(rounds or 1, 1.0, 2.0, [10_000, 100_000], 50_000, minutes or 0.25)
        sizes = [10_000, 100_000, 1_000_000, 10_000_000]
        return cls(rounds or 3, 2.0, 6.0, sizes, 200_000, minutes or 1.0)


@dataclass(frozen=True, slots=True)
class Lab:
    """The infrastructure, and an administrator's connection to its PostgreSQL."""

    stack: Stack
    admin: "asyncpg.Connection[asyncpg.Record]"

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
            # An audit would count facts that a large database does not have.
            "AUDIT_EVERY_SECONDS": "86400",
            **traces_environment(layout),
        }
        # Each database of the report needs a consumer group of its own.
        return found | ({"SERVICE_NAME": database.replace("_", "-")} if database else {})

    async def clone(self, service: str, name: str) -> str:
        """Make a database like the migrated, empty one of a service; return its name."""
        await self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {service}")
        return name

    async def drop(self, name: str) -> None:
        await self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @asynccontextmanager
    async def connect(self, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
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
    watchers = [name for name in installed_ports() if name.startswith("jaeger")]
    stack = Stack(Layout(state, find_free_ports((*DEFAULT_PORTS, *watchers, *further))))
    try:
        await stack.start_infrastructure()
        await stack.start_watchers()
        admin = await asyncpg.connect(plain(stack.layout.admin_url))
        yield Lab(stack, admin)
        await admin.close()
    finally:
        await asyncio.to_thread(stack.discard)
        shutil.rmtree(state)
