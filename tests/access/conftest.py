"""The three services with the same two stores, and a key of each role: of all stores and of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

import report_service.main
import report_service.settings
import sales_service.main
import sales_service.settings
import stock_service.main
import stock_service.settings
from service_kit.http.api_keys import ensure_key
from service_kit.http.state import api_state
from stock_service.domain.levels import StoreId
from tests.access.matrix import (
    ALERT_OF,
    ARRIVED_OF,
    COUNT_OF,
    HEAD_OFFICE,
    OWN,
    PRODUCT,
    RECEPTION_OF,
    REFUSED_OF,
    REQUEST_OF,
    RETURN_OF,
    ROLES,
    SALE_OF,
    SENT_OF,
    STORES,
    THIRD,
    reservation_of,
)
from tests.fixtures.waiting import eventually
from tests.report_service.builders import a_sale
from tests.report_service.conftest import Projection
from tests.stock_service.builders import product_changed, store_changed
from tests.stock_service.conftest import Stock

# A till with this right must not see a cost either.
RIGHTS = ["see-costs"]


def key_of(role: str, *, is_limited: bool) -> str:
    return f"{role} of {'one store' if is_limited else 'all stores'}"


@asynccontextmanager
async def _client_of(app: FastAPI, engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    async with engine.begin() as connection:
        for role in ROLES:
            for is_limited in (False, True):
                key = key_of(role, is_limited=is_limited)
                sites = [OWN] if is_limited else None
                await ensure_key(connection, key, role, key, sites, RIGHTS)

    async def hears_of_changes() -> bool:
        return api_state(app).changes.is_live

    async with LifespanManager(app) as manager:
        # From then on answers are cached: a scope must not get what another one was given.
        await eventually(hears_of_changes, True)
        transport = httpx.ASGITransport(app=manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client


def _settings(kind: Any, engine: AsyncEngine) -> Any:
    url = engine.url.render_as_string(hide_password=False)
    # The matrix tries more wrong keys than one address may.
    return kind(database_url=url, http_port=1, wrong_key_rate=0)


@pytest.fixture
async def sales(sales_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the sales service, with a product, old sales and a return by store."""
    app = sales_service.main.create_app(_settings(sales_service.settings.Settings, sales_engine))
    async with _client_of(app, sales_engine) as client:
        headers = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
        product = {"nom": "Sucre", "categorie": "Épicerie", "prix": 2, "cout": 1}
        made = [await client.post("/api/produits/", json=product, headers=headers) for _ in STORES]
        for store in STORES:
            place = {"nom": f"N° {store}", "politique_stock": "permissive"}
            sale = {
                "magasin_id": store,
                "panier": [{"produit_id": PRODUCT, "quantite": 1}],
                "vente_id": str(SALE_OF[store]),
                "date": "2020-01-01",
            }
            made.append(await client.post("/api/magasins/", json=place, headers=headers))
            made.append(await client.post("/api/ventes/", json=sale, headers=headers))
            refused = sale | {"vente_id": str(REFUSED_OF[store])}
            made.append(await client.post("/api/ventes/", json=refused, headers=headers))
            returned = {
                "lignes": [{"ligne": 1, "quantite": 1}],
                "retour_id": str(RETURN_OF[store]),
            }
            url = f"/api/ventes/{SALE_OF[store]}/retours"
            made.append(await client.post(url, json=returned, headers=headers))
        assert {each.status_code for each in made} == {201}
        async with sales_engine.begin() as connection:
            await connection.execute(
                text("UPDATE sales SET status = 'rejected' WHERE id = ANY(:ids)"),
                {"ids": list(REFUSED_OF.values())},
            )
        yield client


@pytest.fixture
async def stock(stock_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the stock service: each store has the product, a reservation, an alert."""
    stock = Stock(stock_engine)
    await stock.receive(product_changed(PRODUCT), *map(store_changed, STORES))
    await stock.receive(store_changed(THIRD, kind="logistics-centre"))
    for store in STORES:
        await stock.put({PRODUCT: 5}, StoreId(store), RECEPTION_OF[store])
        await stock.execute(
            """
            INSERT INTO stock_alerts (id, store_id, product_id, kind, on_hand, reserved, opened_at)
            VALUES (:id, :store, :product, 'overstock', 5, 0, now())
            """,
            id=ALERT_OF[store],
            store=store,
            product=PRODUCT,
        )
    app = stock_service.main.create_app(_settings(stock_service.settings.Settings, stock_engine))
    async with _client_of(app, stock_engine) as client:
        headers = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
        for store in STORES:
            body = reservation_of(store)
            made = await client.post("/api/stock/reservations", json=body, headers=headers)
            assert made.status_code == 201, made.text
        await _finish_transfers(client)
        await _refuse_requests(client)
        await _cancel_counts(client)
        yield client


async def _finish_transfers(client: httpx.AsyncClient) -> None:
    """Move a unit from each store to a third one, and another one back."""
    headers = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
    made = []
    for ids, is_back in ((SENT_OF, False), (ARRIVED_OF, True)):
        for store in STORES:
            places = (THIRD, store) if is_back else (store, THIRD)
            lines = [{"produit_id": PRODUCT, "quantite": 1}]
            body = dict(zip(("de", "vers"), places, strict=True))
            draft = body | {"lignes": lines, "transfert_id": str(ids[store])}
            url = "/api/stock/transferts"
            made.append(await client.post(url, json=draft, headers=headers))
            for step in ("expedition", "reception"):
                made.append(await client.post(f"{url}/{ids[store]}/{step}", headers=headers))
    assert {each.status_code for each in made} == {200, 201}


async def _cancel_counts(client: httpx.AsyncClient) -> None:
    """Open a count in each store, and cancel it."""
    headers = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
    made = []
    for store in STORES:
        body = {"magasin_id": store, "inventaire_id": str(COUNT_OF[store])}
        url = "/api/stock/inventaires"
        made.append(await client.post(url, json=body, headers=headers))
        made.append(await client.post(f"{url}/{COUNT_OF[store]}/annulation", headers=headers))
    assert {each.status_code for each in made} == {200, 201}


async def _refuse_requests(client: httpx.AsyncClient) -> None:
    """Ask for goods in each store, and refuse that: their numbers are those of the stores."""
    headers = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
    for store in STORES:
        body = {"produit_id": PRODUCT, "quantite": 1, "magasin_id": store}
        asked = await client.post("/api/demandes/", json=body, headers=headers)
        assert asked.json()["id"] == REQUEST_OF[store]
        url = f"/api/demandes/{REQUEST_OF[store]}/refus"
        ended = await client.post(url, json={"motif": "Essai"}, headers=headers)
        assert ended.status_code == 200


@pytest.fixture
async def report(report_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the report service, with a sale in each store."""
    await Projection(report_engine).receive(*(a_sale(store_id=store) for store in STORES))
    settings = _settings(report_service.settings.Settings, report_engine)
    app = report_service.main.create_app(settings)
    async with _client_of(app, report_engine) as client:
        yield client


@pytest.fixture
def services(
    sales: httpx.AsyncClient, stock: httpx.AsyncClient, report: httpx.AsyncClient
) -> dict[str, httpx.AsyncClient]:
    return {"sales": sales, "stock": stock, "report": report}


@pytest.fixture
def office(services: dict[str, httpx.AsyncClient]) -> httpx.AsyncClient:
    """Return the client of the sales service, with the key of the head office."""
    services["sales"].headers["x-token"] = key_of(HEAD_OFFICE, is_limited=False)
    return services["sales"]


@pytest.fixture
def engines(
    sales_engine: AsyncEngine, stock_engine: AsyncEngine, report_engine: AsyncEngine
) -> list[AsyncEngine]:
    return [sales_engine, stock_engine, report_engine]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, engines: list[AsyncEngine]) -> None:
    """Let commands find the databases of these services."""
    for service, engine in zip(("SALES", "STOCK", "REPORT"), engines, strict=True):
        url = engine.url.render_as_string(hide_password=False)
        monkeypatch.setenv(f"COMPTOIR_{service}_DATABASE_URL", url)
