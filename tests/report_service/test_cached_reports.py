"""Cached reports are as fresh as reports that are read."""

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from report_service.main import create_app
from report_service.settings import Settings
from service_kit.http.api_keys import ensure_key
from service_kit.http.state import api_state
from tests.fixtures.waiting import eventually
from tests.report_service.builders import STORE, a_closing, a_line, a_sale
from tests.report_service.conftest import Projection

PATHS = ["/api/ventes/rapport", "/api/rapports/ventes", "/api/performance/global"]
MARK = """
    INSERT INTO freshness (topic, complete_until) VALUES ('sales.events.v1', :until)
    ON CONFLICT (topic) DO UPDATE SET complete_until = excluded.complete_until
"""


@pytest.fixture
async def app(report_engine: AsyncEngine) -> AsyncIterator[FastAPI]:
    async with report_engine.begin() as connection:
        await ensure_key(connection, "head-office", "head-office", "test")
    url = report_engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, http_port=1))
    async with LifespanManager(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async def is_live() -> bool:
        return api_state(app).changes.is_live

    await eventually(is_live, True)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://report",
        headers={"x-token": "head-office"},
    ) as client:
        yield client


@pytest.mark.parametrize("path", PATHS)
async def test_a_report_is_read_once_until_a_sale_is_counted(
    app: FastAPI, client: httpx.AsyncClient, projection: Projection, path: str
) -> None:
    async def etag() -> str:
        return (await client.get(path)).headers["etag"]

    empty = await etag()
    hits = api_state(app).response_cache.hits
    assert await etag() == empty
    assert api_state(app).response_cache.hits == hits + 1
    unchanged = await client.get(path, headers={"if-none-match": empty})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    await projection.receive(a_sale(a_line(1, 2, 500), store_id=STORE))

    async def has_changed() -> bool:
        return await etag() != empty

    await eventually(has_changed, True)
    cached, read = (
        await client.get(path),
        await client.get(path, headers={"cache-control": "no-cache"}),
    )
    changing = ("calcule_a", "retard_ms")
    assert {k: v for k, v in cached.json().items() if k not in changing} == {
        k: v for k, v in read.json().items() if k not in changing
    }


async def test_a_report_of_days_is_read_again_after_a_closing_and_after_a_late_sale(
    client: httpx.AsyncClient, projection: Projection
) -> None:
    async def days() -> list[tuple[str, int]]:
        answer = await client.get("/api/rapports/journees", params={"date_debut": "2026-11-23"})
        return [
            (each["statut"], each["ajustements"]["nombre_ventes"])
            for each in answer.json()["journees"]
        ]

    assert await days() == []
    await projection.receive(a_sale())
    await eventually(days, [("ouverte", 0)])
    await projection.receive(a_closing())
    await eventually(days, [("close", 0)])
    await projection.receive(a_sale(is_late=True))
    await eventually(days, [("close", 1)])


async def test_a_cached_report_says_how_complete_it_is_now(
    client: httpx.AsyncClient, projection: Projection
) -> None:
    first = (await client.get(PATHS[0])).json()
    assert (first["complet_jusqua"], first["retard_ms"]) == (None, None)

    until = datetime.fromisoformat("2026-11-23T10:00:00.250000+00:00")
    async with projection.engine.begin() as connection:
        await connection.execute(text(MARK), {"until": until})

    async def complete_until() -> str:
        return str((await client.get(PATHS[0])).json()["complet_jusqua"])

    await eventually(complete_until, "2026-11-23T10:00:00.250000Z")
    one, other = [(await client.get(PATHS[0])).json() for _ in range(2)]
    assert one["calcule_a"] < other["calcule_a"]
    delay = datetime.fromisoformat(other["calcule_a"]) - until
    assert other["retard_ms"] == round(delay.total_seconds() * 1000)

    unchanged = await client.get(PATHS[0], headers={"if-none-match": "*"})
    assert unchanged.status_code == 304
    assert unchanged.headers["complet-jusqua"] == until.isoformat()
    assert int(unchanged.headers["retard-ms"]) >= other["retard_ms"]


async def test_who_has_seen_a_sale_counted_sees_it_in_the_next_report(
    client: httpx.AsyncClient, projection: Projection
) -> None:
    await client.get(PATHS[0])
    sale = a_sale(a_line(1, 2, 500), store_id=STORE)
    await projection.receive(sale)

    seen = await client.get(PATHS[0], params={"apres_vente": str(sale.sale_id)})
    next_one = await client.get(PATHS[0])

    assert seen.json()["a_jour"]
    assert next_one.json()["nombre_ventes"] == 1
    assert "a_jour" not in next_one.json()
