"""PostgreSQL, Kafka and Jaeger of the benchmark's own, in a folder that is deleted afterwards."""

import asyncio
import shutil
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from infra.tools.local.layout import DEFAULT_PORTS, Layout
from infra.tools.local.observability import installed_ports, traces_environment
from infra.tools.local.ports import find_free_ports
from infra.tools.local.stack import Stack
from infra.tools.measure.bench.load import Load, Measured
from infra.tools.measure.bench.processes import (
    Generator,
    Served,
    backends_of,
    cpu_seconds,
    open_generator,
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request costs, in microseconds of CPU: of the process, and of its backends."""

    process_us: float
    postgresql_us: float
    rate: float
    statuses: dict[int, int]


@dataclass(frozen=True, slots=True)
class Lab:
    """Where everything is measured."""

    stack: Stack
    generator: Generator
    admin: "asyncpg.Connection[asyncpg.Record]"

    @property
    def layout(self) -> Layout:
        return self.stack.layout

    def environment(self, service: str, database: str | None = None) -> dict[str, str]:
        """What `make up` gives to a process of a service: metrics and traces are on."""
        layout = self.layout
        return {
            "DATABASE_URL": on_database(layout.database_url(service), database or service),
            "KAFKA_BOOTSTRAP_SERVERS": layout.kafka_bootstrap_servers,
            "HTTP_HOST": "127.0.0.1",
            **traces_environment(layout),
        }

    async def clone(self, service: str, name: str) -> None:
        """A database like the migrated and empty one of a service."""
        await self.admin.execute(f"CREATE DATABASE {name} TEMPLATE {service}")

    async def drop(self, name: str) -> None:
        await self.admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def connect(self, database: str) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection of the administrator's to a database."""
        return await asyncpg.connect(plain(on_database(self.layout.admin_url, database)))

    async def cost(
        self, served: Served, requests: Sequence[str], connections: int, seconds: float
    ) -> Cost:
        """Keep a process busy and see what an answer costs."""
        port = self.layout.ports["postgresql"]
        load = Load(
            port=served.port, requests=list(requests), connections=connections, seconds=seconds
        )
        # Also opens the connections to the database that it will need.
        await self.generator.send(
            Load(port=served.port, requests=list(requests), connections=connections, seconds=0.2)
        )
        backends = await backends_of(served, port, self.admin)
        before = served.cpu_seconds(), cpu_seconds(backends)
        measured = await self.generator.send(load)
        after = served.cpu_seconds(), cpu_seconds(backends)
        return Cost(
            process_us=(after[0] - before[0]) / measured.answers * 1e6,
            postgresql_us=(after[1] - before[1]) / measured.answers * 1e6,
            rate=measured.answers / measured.seconds,
            statuses=measured.statuses,
        )

    async def latency(
        self, served: Served, requests: Sequence[str], rate: float, seconds: float
    ) -> Measured:
        """Latencies at a rate, over a hundred connections."""
        return await self.generator.send(
            Load(
                port=served.port,
                requests=list(requests),
                connections=100,
                seconds=seconds,
                rate=rate,
            )
        )


def on_database(url: str, name: str) -> str:
    """The same server and role, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def plain(url: str) -> str:
    """The address as asyncpg itself reads it."""
    return url.replace("+asyncpg", "")


def median_cost(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    statuses = {status for cost in costs for status in cost.statuses}
    return Cost(
        process_us=statistics.median(each.process_us for each in costs),
        postgresql_us=statistics.median(each.postgresql_us for each in costs),
        rate=statistics.median(each.rate for each in costs),
        statuses={each: sum(cost.statuses.get(each, 0) for cost in costs) for each in statuses},
    )


@asynccontextmanager
async def open_lab(further: Iterable[str] = ()) -> AsyncIterator[Lab]:
    """The infrastructure and the load generator, until the end of the block.

    `further` programs, beside the six processes, get a port, and so start with the services.
    """
    state = Path(tempfile.mkdtemp(prefix="comptoir-bench-"))
    watchers = [name for name in installed_ports() if name.startswith("jaeger")]
    stack = Stack(Layout(state, find_free_ports((*DEFAULT_PORTS, *watchers, *further))))
    try:
        await stack.start_infrastructure()
        await stack.start_watchers()
        admin = await asyncpg.connect(plain(stack.layout.admin_url))
        async with open_generator() as generator:
            yield Lab(stack, generator, admin)
        await admin.close()
    finally:
        await asyncio.to_thread(stack.discard)
        shutil.rmtree(state)
