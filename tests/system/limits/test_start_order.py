"""Processes that start before the servers that they need wait, and say what is missing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import httpx
from sqlalchemy import NullPool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.ports import find_free_ports
from infra.tools.local.topics import ensure_topics
from service_kit.http.api_keys import ensure_key
from tests.fixtures.forwarding import forwarded
from tests.fixtures.http import open_client
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.postgres import migrate
from tests.fixtures.processes import ServiceProcess, service_process
from tests.fixtures.waiting import eventually

TOPICS = ("sales.events.v1", "stock.events.v1", "catalogue.events.v1")


@asynccontextmanager
async def dropped_afterwards(admin_url: str, database: str) -> AsyncIterator[None]:
    """Drop the database when the block ends."""
    yield
    await execute(admin_url, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


async def execute(url: str, statement: str) -> None:
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def test_processes_wait_for_server_database_schema_broker_and_topics(
    postgres_admin_url: str, topics: TopicFactory
) -> None:
    admin = make_url(postgres_admin_url)
    database = f"late_{uuid4().hex[:12]}"
    ports = find_free_ports(["postgresql", "kafka"])
    url = admin.set(database=database)
    environment = {
        "DATABASE_URL": url.set(port=ports["postgresql"]).render_as_string(hide_password=False),
        "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{ports['kafka']}",
        "TOPIC_PREFIX": topics.prefix,
    }
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(dropped_afterwards(postgres_admin_url, database))
        api = await stack.enter_async_context(service_process("sales_service.main", **environment))
        worker = await stack.enter_async_context(
            service_process("sales_service.worker", **environment)
        )

        assert "database does not answer" in (await api.missing())["postgresql"]
        assert set(await worker.missing()) == {"postgresql", "kafka"}
        refused = await sell_nothing(api)
        assert (refused.status_code, refused.json()["code"]) == (503, "base-indisponible")

        assert admin.port is not None
        await stack.enter_async_context(forwarded(ports["postgresql"], admin.port))
        for process in (api, worker):
            await says(process, "postgresql", "database, role or rights are not there yet")
        assert (await sell_nothing(api)).status_code == 503

        await execute(postgres_admin_url, f"CREATE DATABASE {database}")
        for process in (api, worker):
            await says(process, "postgresql", "not migrated yet: no table outbox")
        assert (await sell_nothing(api)).status_code == 503

        migrated_url = url.render_as_string(hide_password=False)
        await asyncio.to_thread(migrate, "sales", migrated_url)
        await eventually(api.is_ready, True)
        assert "no broker answers" in (await worker.missing())["kafka"]

        broker_port = int(topics.bootstrap_servers.rpartition(":")[2])
        await stack.enter_async_context(forwarded(ports["kafka"], broker_port))
        await says(worker, "kafka", "no such topic yet")

        await ensure_topics(
            topics.bootstrap_servers,
            [{"name": name, "partitions": 3, "config": {}} for name in TOPICS],
            topics.prefix,
        )
        await eventually(worker.is_ready, True)
        await prove_that_events_flow(api, migrated_url)
        assert api.process.returncode is None
        assert worker.process.returncode is None


async def says(process: ServiceProcess, name: str, words: str) -> None:
    async def has_said() -> bool:
        return words in (await process.missing()).get(name, "")

    await eventually(has_said, True)


async def sell_nothing(api: ServiceProcess) -> httpx.Response:
    async with open_client(base_url=api.url, headers={"x-token": "anybody"}) as client:
        return await client.get("/api/ventes/")


async def prove_that_events_flow(api: ServiceProcess, database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        await ensure_key(connection, "head-office", "head-office", "test")
    async with open_client(base_url=api.url, headers={"x-token": "head-office"}) as client:
        opened = await client.post("/api/magasins/", json={"nom": "Plateau"})
        assert opened.status_code == 201

    async def unpublished() -> int:
        async with engine.connect() as connection:
            found = await connection.execute(
                text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            )
            return int(found.scalar_one())

    await eventually(unpublished, 0, within_seconds=60)
    await engine.dispose()


async def test_a_consumer_takes_up_topics_that_are_created_after_it(
    sales_and_report: tuple[str, str], topics: TopicFactory
) -> None:
    # The relay finds new topics at its next attempt, but a consumer group must learn of them.
    sales_url, report_url = sales_and_report
    broker = {
        "KAFKA_BOOTSTRAP_SERVERS": topics.bootstrap_servers,
        "TOPIC_PREFIX": topics.prefix,
    }
    async with (
        service_process("sales_service.main", DATABASE_URL=sales_url) as api,
        service_process("sales_service.worker", DATABASE_URL=sales_url, **broker) as relaying,
        service_process("report_service.worker", DATABASE_URL=report_url, **broker) as counting,
    ):
        await says(counting, "kafka", "no such topic yet")
        await topics(*TOPICS, partitions=3)
        await eventually(relaying.is_ready, True)
        await eventually(counting.is_ready, True)
        await eventually(api.is_ready, True)
        await prove_that_events_flow(api, sales_url)

        async def stores() -> int:
            engine = create_async_engine(report_url, poolclass=NullPool)
            async with engine.connect() as connection:
                found = await connection.execute(text("SELECT count(*) FROM stores"))
                return int(found.scalar_one())

        await eventually(stores, 1, within_seconds=60)
