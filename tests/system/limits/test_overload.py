"""An overloaded process refuses some requests at once, lets none hang, and recovers."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic
from urllib.parse import urlsplit

import pytest
from opentelemetry.metrics import NoOpMeter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.faults import sqlstate_of
from service_kit.database.pool import PoolOverloaded, Pools
from service_kit.database.sessions import open_engine, open_engines
from service_kit.settings import ServiceSettings
from tests.fixtures.processes import ServiceProcess
from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import ServedShop, serve_shop

# The process shares two cores with its clients and its database; on an idle machine it takes 2 ms.
PROBE_SECONDS = 0.5
USED = "db_client_connection_count"
TILLS = 200
SALES_EACH = 8


@asynccontextmanager
async def locked(engine: AsyncEngine, table: str) -> AsyncIterator[None]:
    """Lock a table, so that every request that writes to it waits."""
    async with engine.connect() as other:
        await other.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
        await other.rollback()


async def start_probing(api: ServiceProcess) -> asyncio.subprocess.Process:
    """Start a process that measures how long `/health/live` takes at most."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.system.limits.probing", str(urlsplit(api.url).port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def can_read(shop: ServedShop) -> bool:
    return (await shop.client.get("/api/produits/")).status_code == 200


async def test_a_full_pool_refuses_in_time_while_probes_and_reads_are_answered(
    sales_engine: AsyncEngine,
) -> None:
    limits = {"DATABASE_POOL_SIZE": "4", "DATABASE_POOL_WAITING": "30"}
    async with serve_shop(sales_engine, **limits) as shop:
        probing = await start_probing(shop.api)
        async with locked(sales_engine, "sales"):
            begun = monotonic()
            selling = [asyncio.create_task(shop.sell()) for _ in range(150)]
            # The burst may fill the pool that looks up keys. After it, reads must succeed while
            # the sales still wait for the lock.
            await eventually(partial(can_read, shop), True, within_seconds=2)
            ready = await shop.api.missing()
            assert not all(task.done() for task in selling)
            answers = await asyncio.gather(*selling)
            seconds = monotonic() - begun
        # Without an input it would go on for ever.
        slowest, _ = await probing.communicate(b"")

        # Two sales hold a connection and wait for the lock; of the others, 30 may queue.
        codes = Counter(answer.json()["code"] for answer in answers)
        assert set(codes) == {"base-indisponible", "ressource-occupee"}
        assert codes["base-indisponible"] > 100
        for answer in answers:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
        # At most 2 s for the pool and 2 s for the lock; the rest is for a slow machine.
        assert seconds < 8
        assert ready == {}
        assert 0 < float(slowest) < PROBE_SECONDS
        assert await shop.api.total("http_requests_shed_total") > 100

        assert (await shop.sell()).status_code == 201


async def test_two_hundred_connections_without_a_pause_are_all_served(
    sales_engine: AsyncEngine,
) -> None:
    # The original system answered no request at a hundred connections. The long timeout is for a
    # busy machine: this test shows that every request is served.
    patience = {"DATABASE_POOL_TIMEOUT_SECONDS": "20", "DATABASE_POOL_WAITING": "256"}
    async with serve_shop(sales_engine, **patience) as shop:

        async def till() -> list[int]:
            return [(await shop.sell()).status_code for _ in range(SALES_EACH)]

        seen = await asyncio.gather(*(till() for _ in range(TILLS)))

        assert Counter(status for each in seen for status in each) == {201: TILLS * SALES_EACH}
        assert await shop.api.total("http_requests_shed_total") == 0
        assert len(await shop.sale_ids()) == TILLS * SALES_EACH


async def test_who_waits_leaves_places_to_those_who_need_nobody(
    sales_engine: AsyncEngine,
) -> None:
    async with serve_shop(sales_engine, MOST_WAITING_REQUESTS="1") as shop:

        async def waiting() -> int:
            return int(await shop.api.total("http_requests_waiting"))

        first = asyncio.create_task(shop.sell(shop.strict, prefer="wait=30"))
        await eventually(waiting, 1)
        begun = monotonic()
        second = await shop.sell(shop.strict, prefer="wait=30")

        assert second.status_code == 202
        assert monotonic() - begun < 5
        assert not first.done()
        assert await shop.api.total("http_waits_refused_total") == 1
        first.cancel()


async def test_a_process_takes_on_no_more_requests_than_it_may(sales_engine: AsyncEngine) -> None:
    async with serve_shop(sales_engine, MOST_REQUESTS="5") as shop:

        async def under_way() -> bool:
            return await shop.api.total(USED, db_client_connection_state="used") >= 5

        async with locked(sales_engine, "sales"):
            held = [asyncio.create_task(shop.sell()) for _ in range(5)]
            await eventually(under_way, True)
            begun = monotonic()
            refused = await shop.sell()
            seconds = monotonic() - begun
            # The limit counts neither probes nor scrapes.
            assert await shop.api.is_ready()
            shed = await shop.api.samples("http_requests_shed_total")
        assert {answer.status_code for answer in await asyncio.gather(*held)} <= {201, 409}

        assert (refused.status_code, refused.json()["code"]) == (503, "surcharge")
        assert refused.headers["retry-after"] == "1"
        assert seconds < PROBE_SECONDS
        assert [each for each in shed if each[1]] == [({"reason": "requests"}, 1.0)]


async def test_waiting_requests_are_served_in_the_order_of_their_arrival(
    sales_engine: AsyncEngine,
) -> None:
    url = sales_engine.url.render_as_string(hide_password=False)
    settings = ServiceSettings(
        service_name="queue", database_url=url, http_port=1, database_pool_size=1
    )
    served: list[int] = []
    async with open_engine(settings) as engine:

        async def ask_twice(number: int) -> None:
            for _ in range(2):
                async with engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
                    served.append(number)

        await asyncio.gather(*(ask_twice(number) for number in range(20)))

    # A task that asks again, at the moment when it returns its connection, goes to the end.
    assert served == [*range(20), *range(20)]


async def test_no_request_joins_a_queue_whose_first_has_waited_for_half_of_the_timeout(
    sales_engine: AsyncEngine,
) -> None:
    # It would time out just before its turn, and so would every later request.
    url = sales_engine.url.render_as_string(hide_password=False)
    settings = ServiceSettings(
        service_name="queue",
        database_url=url,
        http_port=1,
        database_pool_size=1,
        database_pool_timeout_seconds=10.0,
    )
    pools = Pools(NoOpMeter("queue"))
    async with open_engine(settings, pools) as engine:

        async def ask() -> int:
            async with engine.connect() as connection:
                return int((await connection.execute(text("SELECT 1"))).scalar_one())

        async def is_refusing() -> bool:
            return pools.is_full("all")

        async with engine.connect() as only:
            await only.execute(text("SELECT 1"))
            first = asyncio.create_task(ask())
            await asyncio.sleep(0)
            second = asyncio.create_task(ask())
            assert not await is_refusing()
            begun = monotonic()
            await eventually(is_refusing, True)
            assert monotonic() - begun > 4
            with pytest.raises(PoolOverloaded):
                await ask()
        assert [await first, await second, await ask()] == [1, 1, 1]
        assert not await is_refusing()


async def test_the_server_refuses_a_change_in_a_read_session(sales_engine: AsyncEngine) -> None:
    url = sales_engine.url.render_as_string(hide_password=False)
    settings = ServiceSettings(service_name="reader", database_url=url, http_port=1)
    async with open_engines(settings) as (writer, reader):
        async with writer.begin() as connection:
            await connection.execute(text("CREATE TABLE notes (id int)"))
            await connection.execute(text("INSERT INTO notes VALUES (1)"))
        async with reader.connect() as connection:
            assert (await connection.execute(text("SELECT id FROM notes"))).scalar_one() == 1
            with pytest.raises(DBAPIError) as refused:
                await connection.execute(text("INSERT INTO notes VALUES (2)"))

    assert sqlstate_of(refused.value) == "25006"
