"""Two processes answer levels from their caches, and no change leaves them stale."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.api_keys import ensure_key
from service_kit.http.state import api_state
from stock_service.main import create_app
from stock_service.settings import Settings
from tests.fixtures.waiting import eventually
from tests.stock_service.builders import COFFEE, STORE, product_changed, reception, store_changed
from tests.stock_service.conftest import Stock

STOCK = f"/api/magasins/{STORE}/stock"


@asynccontextmanager
async def instance(engine: AsyncEngine) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """Run a process of the API that hears of changes."""
    url = engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, http_port=1))
    async with LifespanManager(app) as manager:
        await eventually(lambda: is_live(app), True)
        transport = httpx.ASGITransport(app=manager.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://stock", headers={"x-token": "manager"}
        ) as client:
            yield app, client


async def is_live(app: FastAPI) -> bool:
    return api_state(app).changes.is_live


@pytest.fixture
async def stocked(stock: Stock) -> Stock:
    async with stock.engine.begin() as connection:
        await ensure_key(connection, "manager", "manager", "test")
    await stock.receive(store_changed(), product_changed(COFFEE))
    return stock


async def level(client: httpx.AsyncClient) -> int:
    rows = (await client.get(STOCK)).json()
    return int(rows[0]["quantite_stock"]) if rows else 0


async def receive(client: httpx.AsyncClient, units: int) -> None:
    answer = await client.post("/api/stock/mouvements", json=reception((COFFEE, units)))
    assert answer.status_code == 201, answer.text


async def test_who_moves_goods_sees_it_at_once_and_another_instance_soon(stocked: Stock) -> None:
    async with (
        instance(stocked.engine) as (_, first),
        instance(stocked.engine) as (app, second),
    ):
        for total in range(5, 20, 5):
            await receive(first, 5)

            assert await level(first) == total
            await eventually(lambda: level(second), total)
        hits = api_state(app).response_cache.hits
        assert await level(second) == 15
        assert api_state(app).response_cache.hits == hits + 1


async def test_a_change_past_every_process_is_heard_too(stocked: Stock) -> None:
    async with instance(stocked.engine) as (_, client):
        await receive(client, 5)
        assert await level(client) == 5

        await stocked.execute("UPDATE stock_levels SET on_hand = 4")
        await eventually(lambda: level(client), 4)

        await stocked.execute("UPDATE products SET name = 'Autre'")

        async def name() -> str:
            return str((await client.get(STOCK)).json()[0]["nom"])

        await eventually(name, "Autre")


async def test_a_revoked_key_opens_nothing_that_is_cached(stocked: Stock) -> None:
    async with instance(stocked.engine) as (_, client):
        assert await level(client) == 0
        await stocked.execute("UPDATE api_keys SET revoked_at = now()")

        async def status() -> int:
            return (await client.get(STOCK)).status_code

        await eventually(status, 401)


async def test_a_change_during_a_lost_connection_is_not_missed(stocked: Stock) -> None:
    async with instance(stocked.engine) as (app, client):
        await receive(client, 5)
        assert await level(client) == 5

        await stocked.execute("""
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE '% changes'
        """)
        await stocked.execute("UPDATE stock_levels SET on_hand = 3")

        await eventually(lambda: level(client), 3)
        await eventually(lambda: is_live(app), True)
        assert await level(client) == 3
