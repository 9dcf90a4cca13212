"""Levels with what is reserved of them, filtered, and as the books said at an instant."""

from datetime import datetime
from typing import Any
from uuid import uuid4

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
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.reserving import RESERVATIONS, a_request, let_expire, reserve, sweep
from tests.stock_service.test_cached_levels import instance

STORE_STOCK = f"/api/magasins/{STORE}/stock"
ALL_STOCK = "/api/stock/"


@pytest.fixture(autouse=True)
async def stocked(stock: Stock) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))


async def levels(api: httpx.AsyncClient, path: str, **query: Any) -> dict[Any, Any]:
    """Return on hand, reserved and available of each level of a list, page by page."""
    found: dict[Any, Any] = {}
    url, params = path, {"limite": 1, **query}
    while url:
        answer = await api.get(url, params=params or None)
        assert answer.status_code == 200, answer.text
        for row in answer.json():
            units = (row["quantite_stock"], row["reserve"], row["disponible"])
            found[row["magasin_id"], row["id"]] = units
        url, params = answer.links.get("next", {}).get("url", ""), {}
    return found


async def now(stock: Stock) -> str:
    [row] = await stock.execute("SELECT clock_timestamp() AS instant")
    instant: datetime = row.instant
    return instant.isoformat()


@pytest.mark.parametrize("path", [STORE_STOCK, ALL_STOCK])
async def test_a_level_says_what_is_reserved_and_what_is_available(
    api: httpx.AsyncClient, stock: Stock, path: str
) -> None:
    await stock.put({COFFEE: 5, TEA: 3})
    await let_expire(stock, await reserve(api, (COFFEE, 4)))
    await reserve(api, (COFFEE, 2), (TEA, 3))

    expected = {(STORE, COFFEE): (5, 2, 3), (STORE, TEA): (3, 3, 0)}
    assert await levels(api, path) == expected
    await sweep(stock)
    assert await levels(api, path) == expected


async def test_levels_are_filtered(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.receive(product_changed(13))
    await stock.execute("UPDATE products SET category = 'Frais' WHERE id = 13")
    await stock.put({COFFEE: -1, 13: 2})
    # A level that never moved, as a refused sale leaves it.
    await stock.receive(sale_recorded((TEA, 9)))
    await stock.put({COFFEE: 3, TEA: -4, 13: 5}, OTHER_STORE)

    async def found(path: str = ALL_STOCK, **query: Any) -> list[tuple[int, int]]:
        return list(await levels(api, path, **query))

    here, there = STORE, OTHER_STORE
    assert await found(negatif="true") == [(here, COFFEE), (there, TEA)]
    assert await found(en_stock="true") == [(there, COFFEE), (here, 13), (there, 13)]
    assert await found(magasin_id=here, en_stock="true") == [(here, 13)]
    assert await found(categorie="Frais") == [(here, 13), (there, 13)]
    assert await found(categorie="Autre") == []
    assert await found(magasin_id=there, categorie="Frais") == [(there, 13)]
    assert await found(produit_id=[COFFEE, 13], magasin_id=[here, there]) == [
        *((here, COFFEE), (there, COFFEE), (here, 13), (there, 13))
    ]
    assert await found(produit_id=TEA, magasin_id=there) == [(there, TEA)]
    assert await found(magasin_id=9999) == []
    assert await found(STORE_STOCK, produit_id=[TEA, 13]) == [(here, TEA), (here, 13)]
    assert await found(STORE_STOCK, categorie="Frais", en_stock="true") == [(here, 13)]
    assert await found(STORE_STOCK, negatif="true", en_stock="true") == []


async def test_a_limited_key_filters_its_own_stores(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: 1})
    await stock.put({COFFEE: 1}, OTHER_STORE)
    async with stock.engine.begin() as connection:
        await ensure_key(connection, "own", "till", "own", sites=[STORE])

    async def stores_of(query: str) -> list[int]:
        answer = await api.get(f"{ALL_STOCK}?{query}", headers={"x-token": "own"})
        return [row["magasin_id"] for row in answer.json()]

    assert await stores_of(f"magasin_id={STORE}&magasin_id={OTHER_STORE}") == [STORE]
    assert await stores_of(f"magasin_id={OTHER_STORE}") == []


@pytest.mark.parametrize("path", [STORE_STOCK, ALL_STOCK])
async def test_the_books_of_an_instant_are_those_of_the_ledger(
    api: httpx.AsyncClient, stock: Stock, path: str
) -> None:
    instants = [await now(stock)]
    expected: list[dict[Any, Any]] = [{}]
    # Goods of last year that are entered today are in today's books.
    late = reception((COFFEE, 5), survenu_a="2025-01-01T00:00:00Z")
    assert (await api.post("/api/stock/mouvements", json=late)).status_code == 201
    for _ in range(3):
        await stock.receive(sale_recorded((COFFEE, 1), (TEA, 1), policy="permissive"))
        instants.append(await now(stock))
        expected.append(await levels(api, path))

    assert expected[-1] == {(STORE, COFFEE): (2, 0, 2), (STORE, TEA): (-3, 0, -3)}
    for instant, books in zip(instants, expected, strict=True):
        assert await levels(api, path, a=instant) == books
        negative = {key: units for key, units in books.items() if units[0] < 0}
        assert await levels(api, path, a=instant, negatif="true") == negative


async def test_a_level_of_many_movements_is_found_at_each_instant(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.execute(
        """
        WITH level AS (
            INSERT INTO stock_levels (store_id, product_id, on_hand, version)
            VALUES (:store, :product, 100, 100)
        )
        INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
            document_id, occurred_at, recorded_at)
        SELECT :store, :product, 1, n, n, 'reception', gen_random_uuid(), now(),
            CAST('2026-01-01T00:00Z' AS timestamptz) + n * interval '1 minute'
        FROM generate_series(1, 100) AS n
        """,
        store=STORE,
        product=COFFEE,
    )

    for minute in (0, 1, 2, 37, 50, 63, 99, 100):
        instant = f"2026-01-01T{minute // 60:02}:{minute % 60:02}:30Z"
        books = {(STORE, COFFEE): (minute, 0, minute)} if minute else {}
        assert await levels(api, ALL_STOCK, a=instant) == books


async def test_the_books_say_what_was_reserved_then(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: 9})
    before = await now(stock)
    released, consumed = await reserve(api, (COFFEE, 1)), await reserve(api, (COFFEE, 2))
    expired = await reserve(api, (COFFEE, 4))
    meanwhile = await now(stock)
    await api.delete(f"{RESERVATIONS}/{released}")
    await stock.receive(sale_recorded((COFFEE, 2), reservation_id=consumed))
    await stock.execute("UPDATE reservation_lines SET expires_at = now() WHERE is_held")
    await stock.execute("UPDATE reservations SET expires_at = now() WHERE id = :id", id=expired)

    assert await levels(api, ALL_STOCK, a=before) == {(STORE, COFFEE): (9, 0, 9)}
    assert await levels(api, ALL_STOCK, a=meanwhile) == {(STORE, COFFEE): (9, 7, 2)}
    assert await levels(api, ALL_STOCK, a=await now(stock)) == {(STORE, COFFEE): (7, 0, 7)}


async def test_a_cached_answer_is_stale_when_a_reservation_changes_or_expires(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.put({COFFEE: 5})
    async with (
        instance(stock.engine) as (_, first),
        instance(stock.engine) as (_, second),
    ):
        for client in first, second:
            client.headers["x-token"] = "key-of-manager"

        async def available() -> set[int]:
            answers = [
                (await client.get(path)).json()
                for client in (first, second)
                for path in (STORE_STOCK, ALL_STOCK)
            ]
            return {row["disponible"] for [row] in answers}

        assert await available() == {5}
        reservation_id = await reserve(first, (COFFEE, 2))
        await eventually(available, {3})
        await first.delete(f"{RESERVATIONS}/{reservation_id}")
        await eventually(available, {5})
        # Nobody closes it, and nothing announces its end.
        body = a_request((COFFEE, 4), expire_dans=1, reservation_id=None)
        made = await first.post(RESERVATIONS, json=body, headers={"idempotency-key": str(uuid4())})
        assert made.status_code == 201
        await eventually(available, {1})
        await eventually(available, {5})
