"""After SIGTERM a process answers accepted requests, finishes its work, and ends in time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from time import monotonic

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.stack import Stack
from service_kit.settings import ServiceSettings
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.processes import ServiceProcess, frozen, service_process
from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import ServedShop, serve_shop

LONGEST_STOP_SECONDS = 10.0
READY_SECONDS = 3.0
USED = "db_client_connection_count"
TILLS = 20


@contextmanager
def a_collector_that_hangs() -> Iterator[str]:
    """Open a collector whose connections the kernel accepts and no process reads."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


async def sell_until_refused(shop: ServedShop) -> tuple[list[httpx.Response], int]:
    """Sell until the port is closed; return the answers, and how many requests got none."""
    answers: list[httpx.Response] = []
    cut = 0
    while True:
        try:
            answers.append(await shop.sell())
        except httpx.ConnectError:
            return answers, cut
        except httpx.TransportError:
            cut += 1


@pytest.mark.parametrize("has_collector", [False, True])
async def test_every_sale_that_was_recorded_before_the_end_was_answered(
    sales_engine: AsyncEngine, has_collector: bool
) -> None:
    with a_collector_that_hangs() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector} if has_collector else {}
        async with serve_shop(sales_engine, **environment) as shop:
            selling = [asyncio.create_task(sell_until_refused(shop)) for _ in range(TILLS)]

            async def sold() -> bool:
                return len(await shop.sale_ids()) > 200

            await eventually(sold, True)

            seconds = await shop.api.stop()

            tills = await asyncio.gather(*selling)
            answers = [answer for each, _ in tills for answer in each]
            assert {answer.status_code for answer in answers} == {201}
            assert {answer.json()["vente_id"] for answer in answers} == await shop.sale_ids()
            assert seconds < LONGEST_STOP_SECONDS


async def test_a_till_that_waits_for_the_stock_is_answered_when_the_process_ends(
    shop: ServedShop,
) -> None:
    waiting = asyncio.create_task(shop.sell(shop.strict, prefer="wait=30"))

    async def is_recorded() -> int:
        return len(await shop.sale_ids())

    await eventually(is_recorded, 1)

    seconds = await shop.api.stop()

    assert (await waiting).status_code == 202
    assert seconds < LONGEST_STOP_SECONDS / 2


async def test_requests_that_a_frozen_database_holds_are_answered_before_the_end(
    shop: ServedShop, embedded_stack: Stack
) -> None:
    await asyncio.gather(*(shop.sell() for _ in range(TILLS)))

    with frozen(embedded_stack.pid("postgresql")):
        held = [asyncio.create_task(shop.sell()) for _ in range(TILLS)]
        # They have reached the server when all connections are in use.
        await eventually(lambda: shop.api.total(USED, db_client_connection_state="used"), 8.0)
        seconds = await shop.api.stop()
        answers = await asyncio.gather(*held)

    assert {answer.status_code for answer in answers} == {503}
    assert all(answer.headers["retry-after"] for answer in answers)
    assert seconds < LONGEST_STOP_SECONDS


@pytest.fixture
async def broker(topics: TopicFactory) -> ServiceSettings:
    """Return a broker with topics of this test alone."""
    names = ("sales.events.v1", "stock.events.v1", "catalogue.events.v1")
    return await topics(*names, partitions=3)


@asynccontextmanager
async def worker(
    name: str, engine: AsyncEngine, broker: ServiceSettings, **environment: str
) -> AsyncIterator[ServiceProcess]:
    async with service_process(
        f"{name}_service.worker",
        DATABASE_URL=engine.url.render_as_string(hide_password=False),
        KAFKA_BOOTSTRAP_SERVERS=broker.kafka_bootstrap_servers,
        TOPIC_PREFIX=broker.topic_prefix,
        WORKER_INSTANCE=f"{name}-worker",
        **environment,
    ) as process:
        await eventually(process.is_ready, True)
        yield process


async def counted(engine: AsyncEngine, statement: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text(statement))).scalar_one())


async def test_a_worker_that_is_stopped_under_load_leaves_nothing_undone_to_its_successor(
    sales_engine: AsyncEngine, report_engine: AsyncEngine, broker: ServiceSettings
) -> None:
    async with serve_shop(sales_engine) as shop:
        selling = [asyncio.create_task(sell_until_refused(shop)) for _ in range(TILLS)]
        stops: list[float] = []
        for _ in range(2):
            async with (
                worker("sales", sales_engine, broker) as relaying,
                worker("report", report_engine, broker) as counting,
            ):
                before = await counted(report_engine, "SELECT count(*) FROM sale_facts")

                async def has_moved(before: int = before) -> bool:
                    now = await counted(report_engine, "SELECT count(*) FROM sale_facts")
                    return now > before

                await eventually(has_moved, True)
                stops += await asyncio.gather(relaying.stop(), counting.stop())
        await shop.api.stop()
        sold = sum(len(answers) for answers, _ in await asyncio.gather(*selling))

    async with (
        worker("sales", sales_engine, broker),
        worker("report", report_engine, broker),
    ):

        async def facts() -> int:
            return await counted(report_engine, "SELECT count(*) FROM sale_facts")

        await eventually(facts, sold)
    assert max(stops) < LONGEST_STOP_SECONDS / 2


@pytest.mark.parametrize("program", ["kafka", "postgresql"])
async def test_workers_end_in_time_when_database_or_broker_is_frozen(
    program: str,
    sales_engine: AsyncEngine,
    report_engine: AsyncEngine,
    embedded_stack: Stack,
    broker: ServiceSettings,
) -> None:
    with a_collector_that_hangs() as collector:
        async with (
            worker("sales", sales_engine, broker, OTEL_EXPORTER_OTLP_ENDPOINT=collector) as sales,
            worker("report", report_engine, broker) as report,
        ):
            with frozen(embedded_stack.pid(program)):
                begun = monotonic()
                assert all(await asyncio.gather(sales.missing(), report.missing()))
                assert monotonic() - begun < READY_SECONDS

                seconds = await asyncio.gather(sales.stop(), report.stop())

    assert max(seconds) < LONGEST_STOP_SECONDS


async def test_a_worker_ends_in_time_when_its_broker_is_away(plumbing_engine: AsyncEngine) -> None:
    async with service_process(
        "tests.service_kit.notes_app",
        "worker",
        DATABASE_URL=plumbing_engine.url.render_as_string(hide_password=False),
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
    ) as process:
        assert "kafka" in await process.missing()

        assert await process.stop() < LONGEST_STOP_SECONDS
