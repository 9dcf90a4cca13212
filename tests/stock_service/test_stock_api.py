"""Levels over HTTP."""

import httpx
import pytest

from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    store_changed,
)
from tests.stock_service.conftest import Stock

STORE_STOCK = f"/api/magasins/{STORE}/stock"


async def test_a_stores_stock_has_the_seeds_fields(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.receive(store_changed(), product_changed(COFFEE, name="Café", price="12.5001"))
    await stock.put({COFFEE: -2})

    response = await api.get(STORE_STOCK)

    assert response.json() == [
        {
            "id": COFFEE,
            "nom": "Café",
            "categorie": "Épicerie",
            "quantite_stock": -2,
            "prix": 12.5001,
            "magasin_id": STORE,
            "negatif": True,
            "reserve": 0,
            "disponible": -2,
            "en_transit": 0,
        }
    ]


async def test_a_store_without_stock_is_empty_and_an_unknown_one_is_not_found(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.receive(store_changed())

    assert (await api.get(STORE_STOCK)).json() == []
    unknown = await api.get(f"/api/magasins/{OTHER_STORE}/stock")
    assert unknown.status_code == 404
    assert unknown.json()["code"] == "magasin-pas-encore-connu"


async def test_all_stores_are_listed_by_product_and_filtered_by_product(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 1, TEA: 2})
    await stock.put({COFFEE: 3}, OTHER_STORE)

    everything = (await api.get("/api/stock/")).json()
    tea = (await api.get("/api/stock", params={"produit_id": TEA})).json()

    places = [(line["id"], line["magasin_id"], line["quantite_stock"]) for line in everything]
    assert places == [(COFFEE, STORE, 1), (COFFEE, OTHER_STORE, 3), (TEA, STORE, 2)]
    assert [line["id"] for line in tea] == [TEA]


@pytest.mark.parametrize("path", [STORE_STOCK, "/api/stock/", "/api/stock/mouvements"])
async def test_a_walk_through_the_pages_sees_everything_once(
    api: httpx.AsyncClient, stock: Stock, path: str
) -> None:
    products = range(1, 8)
    await stock.receive(store_changed())
    await stock.receive(*(product_changed(product_id) for product_id in products))
    await stock.put(dict.fromkeys(products, 1))

    seen: list[int] = []
    sizes: list[int] = []
    url: str | None = f"{path}?limite=3"
    while url:
        response = await api.get(url)
        page = response.json()
        seen += [line.get("produit_id", line["id"]) for line in page]
        sizes.append(len(page))
        url = response.links.get("next", {}).get("url")

    assert sorted(seen) == list(products)
    assert sizes == [3, 3, 1]


async def test_a_last_page_that_is_full_announces_no_next_one(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.receive(product_changed(1), product_changed(2))
    await stock.put({1: 1, 2: 1})

    response = await api.get("/api/stock/?limite=2")

    assert len(response.json()) == 2
    assert "Link" not in response.headers


@pytest.mark.parametrize(
    "path",
    [
        "/api/stock/?curseur=!!!",
        "/api/stock/?curseur=MQ==",  # one number, of two
        "/api/stock/mouvements?curseur=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=",
        "/api/stock/?limite=0",
        "/api/stock/?limite=5001",
        "/api/stock/?limit=3",
        "/api/stock/?produit_id=2147483648",
        f"{STORE_STOCK}?magasin_id=1",
        "/api/stock/?produit_id=1&produit_id=x",
        "/api/stock/?negatif=peut-etre",
        "/api/stock/?a=2026-11-23T12:00:00",
        "/api/stock/?a=hier",
        "/api/stock/?a=9999-12-31T23:59:59-01:00",
        "/api/stock/?categorie=%00",
        f"{STORE_STOCK}?a=2026-11-23",
        "/api/magasins/0/stock",
        "/api/magasins/99999999999999999999/stock",
    ],
)
async def test_a_parameter_that_makes_no_sense_is_named(api: httpx.AsyncClient, path: str) -> None:
    response = await api.get(path)

    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"][0]["parameter"]


@pytest.mark.parametrize("path", [STORE_STOCK, "/api/stock", "/api/stock/mouvements"])
async def test_a_path_answers_with_and_without_its_last_slash(
    api: httpx.AsyncClient, stock: Stock, path: str
) -> None:
    await stock.receive(store_changed())

    assert (await api.get(path)).status_code == (await api.get(path + "/")).status_code == 200


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("key-of-till", 200),
        ("key-of-manager", 200),
        ("key-of-head-office", 200),
        ("key-of-visitor", 403),
        ("nobody's", 401),
        ("", 401),
    ],
)
@pytest.mark.parametrize("path", [STORE_STOCK, "/api/stock", "/api/stock/mouvements"])
async def test_who_may_read(
    api: httpx.AsyncClient, stock: Stock, path: str, key: str, status: int
) -> None:
    await stock.receive(store_changed())

    assert (await api.get(path, headers={"x-token": key})).status_code == status
