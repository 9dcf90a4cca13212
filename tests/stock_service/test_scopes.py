"""A key reads and moves the stock of its own stores; late movements need a right."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from service_kit.http.api_keys import ensure_key
from tests.fixtures.waiting import eventually
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    reception,
    store_changed,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.test_cached_levels import instance

OWN = {"x-token": "own"}
TRUSTED = {"x-token": "trusted"}
MOVEMENTS = "/api/stock/mouvements"


@pytest.fixture
async def stocked(stock: Stock) -> Stock:
    """Return a stock with both products in both stores."""
    await stock.receive(store_changed(), store_changed(OTHER_STORE))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 1, TEA: 2})
    await stock.put({COFFEE: 3, TEA: 4}, OTHER_STORE)
    return stock


async def give(stock: Stock, role: str = "manager", key: str = "own", **scope: Any) -> None:
    """Make a key of the store, unless others are given."""
    async with stock.engine.begin() as connection:
        await ensure_key(connection, key, role, key, **{"sites": [STORE]} | scope)


def entry(store: int = STORE, **more: Any) -> dict[str, Any]:
    return reception((COFFEE, 1), magasin_id=store, **more)


async def test_the_stock_of_a_foreign_store_does_not_exist(
    api: httpx.AsyncClient, stocked: Stock
) -> None:
    await give(stocked, "till")

    own = await api.get(f"/api/magasins/{STORE}/stock", headers=OWN)
    foreign = await api.get(f"/api/magasins/{OTHER_STORE}/stock", headers=OWN)

    assert own.status_code == 200
    assert (foreign.status_code, foreign.json()["code"]) == (404, "magasin-pas-encore-connu")


@pytest.mark.parametrize(
    ("path", "store_ids"),
    [
        ("/api/stock/", {STORE}),
        (f"/api/stock/?produit_id={TEA}", {STORE}),
        (MOVEMENTS, {STORE}),
        (f"{MOVEMENTS}?magasin_id={STORE}&produit_id={TEA}", {STORE}),
        (f"{MOVEMENTS}?magasin_id={OTHER_STORE}", set()),
    ],
)
async def test_a_list_shows_the_key_s_stores(
    api: httpx.AsyncClient, stocked: Stock, path: str, store_ids: set[int]
) -> None:
    await give(stocked)

    rows = (await api.get(path, headers=OWN)).json()

    assert {row["magasin_id"] for row in rows} == store_ids


@pytest.mark.parametrize("path", ["/api/stock/", MOVEMENTS])
async def test_pages_of_several_stores_are_those_of_all_stores(
    api: httpx.AsyncClient, stocked: Stock, path: str
) -> None:
    await give(stocked, sites=[STORE, OTHER_STORE])

    async def pages(**headers: str) -> list[Any]:
        rows: list[Any] = []
        url: str | None = f"{path}?limite=1"
        while url:
            answer = await api.get(url, headers=headers)
            rows += answer.json()
            url = answer.links.get("next", {}).get("url")
        return rows

    assert await pages(**OWN) == await pages()
    assert len(await pages()) == 4


async def test_a_key_moves_the_stock_of_its_own_store_only(
    api: httpx.AsyncClient, stocked: Stock
) -> None:
    await give(stocked)

    own = await api.post(MOVEMENTS, json=entry(), headers=OWN)
    foreign = await api.post(MOVEMENTS, json=entry(OTHER_STORE), headers=OWN)
    unknown = await api.post(MOVEMENTS, json=entry(9999), headers=OWN)

    assert own.status_code == 201
    for refused in foreign, unknown:
        assert (refused.status_code, refused.json()["code"]) == (403, "hors-portee")


async def test_a_late_movement_needs_a_right(api: httpx.AsyncClient, stocked: Stock) -> None:
    await give(stocked)
    await give(stocked, key="trusted", rights=["backdate"])

    async def post(age: timedelta, headers: dict[str, str]) -> httpx.Response:
        body = entry(survenu_a=(datetime.now(UTC) - age).isoformat())
        return await api.post(MOVEMENTS, json=body, headers=headers)

    assert (await post(timedelta(hours=23), OWN)).status_code == 201
    refused = await post(timedelta(hours=25), OWN)
    assert (refused.status_code, refused.json()["code"]) == (403, "droit-insuffisant")
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/survenu_a"]
    assert (await post(timedelta(hours=25), TRUSTED)).status_code == 201


async def test_cached_levels_are_those_of_each_key_s_own_stores(stocked: Stock) -> None:
    await give(stocked, key="manager", sites=None)
    await give(stocked, key="own")
    await give(stocked, key="other", sites=[OTHER_STORE])
    keys = {"manager": [STORE, OTHER_STORE], "own": [STORE], "other": [OTHER_STORE]}

    async with instance(stocked.engine) as (_, client):

        async def stores_of(key: str) -> list[int]:
            answer = await client.get(f"/api/stock/?produit_id={COFFEE}", headers={"x-token": key})
            return [row["magasin_id"] for row in answer.json()]

        for _ in range(3):
            assert {key: await stores_of(key) for key in keys} == keys
        path = f"/api/magasins/{STORE}/stock"
        statuses = [
            (await client.get(path, headers={"x-token": key})).status_code
            for key in (*keys, *reversed(keys))
        ]
        assert statuses == [200, 200, 404, 404, 200, 200]


async def test_a_change_in_its_store_reaches_a_limited_key(stocked: Stock) -> None:
    await give(stocked, key="manager", sites=None)
    await give(stocked, key="own")

    async with instance(stocked.engine) as (_, client):

        async def level() -> int:
            answer = await client.get(f"/api/stock/?produit_id={COFFEE}", headers=OWN)
            return int(answer.json()[0]["quantite_stock"])

        assert await level() == 1
        await client.post(MOVEMENTS, json=entry(), headers={"x-token": "manager"})

        await eventually(level, 2)
