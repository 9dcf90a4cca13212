"""Reserves goods: all lines or none, once, until they are released or expire."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from service_kit.http.api_keys import ensure_key
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    store_changed,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.reserving import (
    RESERVATIONS,
    a_request,
    let_expire,
    reserve,
    reserved,
    status_of,
    sweep,
    wrong_sums,
)


@pytest.fixture(autouse=True)
async def stocked(stock: Stock) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE, policy="permissive"))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 5, TEA: 3})
    await stock.put({COFFEE: 2}, OTHER_STORE)


async def test_a_reservation_is_told_as_it_was_asked_for(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    body = a_request((COFFEE, 2), (TEA, 1), (COFFEE, 1), reference="Mme Tremblay")

    answer = await api.post(RESERVATIONS, json=body)

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{RESERVATIONS}/{body['reservation_id']}"
    assert made["statut"] == "ouverte"
    assert made["reference"] == "Mme Tremblay"
    assert made["lignes"] == [
        {"produit_id": COFFEE, "quantite": 3},
        {"produit_id": TEA, "quantite": 1},
    ]
    lasts = datetime.fromisoformat(made["expire_a"]) - datetime.fromisoformat(made["creee_a"])
    assert lasts == timedelta(minutes=15)
    assert (await api.get(answer.headers["location"])).json() == made
    assert await reserved(stock) == {COFFEE: 3, TEA: 1}
    assert await stock.levels() == {COFFEE: 5, TEA: 3}
    assert await stock.differences() == []


async def test_all_lines_are_reserved_or_none(api: httpx.AsyncClient, stock: Stock) -> None:
    await reserve(api, (COFFEE, 4))

    answer = await api.post(RESERVATIONS, json=a_request((COFFEE, 2), (TEA, 4), (TEA, 1)))

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "stock-insuffisant")
    told = [
        (each["pointer"], each["produit_id"], each["demande"], each["disponible"])
        for each in problem["errors"]
    ]
    assert told == [
        ("/lignes/0/quantite", COFFEE, 2, 1),
        ("/lignes/1/quantite", TEA, 5, 3),
        ("/lignes/2/quantite", TEA, 5, 3),
    ]
    assert await reserved(stock) == {COFFEE: 4, TEA: 0}


async def test_a_permissive_store_promises_no_more_than_it_has(api: httpx.AsyncClient) -> None:
    answer = await api.post(RESERVATIONS, json=a_request((COFFEE, 3), magasin_id=OTHER_STORE))

    assert answer.status_code == 409


async def test_the_same_request_reserves_once(api: httpx.AsyncClient, stock: Stock) -> None:
    body = a_request((COFFEE, 2), expire_dans=60)
    unnamed, key = a_request((TEA, 1)) | {"reservation_id": None}, {"idempotency-key": "once"}

    by_id = [await api.post(RESERVATIONS, json=body) for _ in range(2)]
    by_key = [await api.post(RESERVATIONS, json=unnamed, headers=key) for _ in range(2)]

    for first, again in (by_id, by_key):
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.json() == first.json()
    assert await reserved(stock) == {COFFEE: 2, TEA: 1}


async def test_a_chosen_id_has_one_content(api: httpx.AsyncClient) -> None:
    body = a_request((COFFEE, 2))
    await api.post(RESERVATIONS, json=body)

    for change in (
        {"magasin_id": OTHER_STORE},
        {"lignes": [{"produit_id": COFFEE, "quantite": 1}]},
        {"lignes": [{"produit_id": TEA, "quantite": 2}]},
        {"reference": "Autre"},
        {"expire_dans": 60},
    ):
        answer = await api.post(RESERVATIONS, json=body | change)
        assert (answer.status_code, answer.json()["code"]) == (409, "reservation-existante")


async def test_a_request_that_cannot_be_repeated_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post(RESERVATIONS, json=a_request() | {"reservation_id": None})

    assert (answer.status_code, answer.json()["code"]) == (400, "cle-requise")


@pytest.mark.parametrize(
    ("change", "pointers"),
    [
        ({"lignes": []}, ["/lignes"]),
        (
            {"lignes": [{"produit_id": 0, "quantite": 0}]},
            ["/lignes/0/produit_id", "/lignes/0/quantite"],
        ),
        ({"expire_dans": 0}, ["/expire_dans"]),
        ({"expire_dans": 31 * 86400 + 1}, ["/expire_dans"]),
        ({"expire_a": "2026-11-23T12:00:00"}, ["/expire_a"]),
        ({"expire_a": "2020-01-01T00:00:00Z"}, ["/expire_a"]),
        ({"expire_a": "2999-01-01T00:00:00Z"}, ["/expire_a"]),
        ({"expire_a": "9999-12-31T23:59:59-01:00"}, ["/expire_a"]),
        ({"reservation_id": "9a6e2b4c-6a9e-4c1e-8a39-0c1d2f3a4b5c"}, ["/reservation_id"]),
        ({"reservation_id": "ffffffff-ffff-7000-8000-000000000001"}, ["/reservation_id"]),
        ({"reference": ""}, ["/reference"]),
        ({"inconnu": 1}, ["/inconnu"]),
    ],
)
async def test_a_wrong_request_is_told_what_is_wrong(
    api: httpx.AsyncClient, change: dict[str, Any], pointers: list[str]
) -> None:
    answer = await api.post(RESERVATIONS, json=a_request() | change)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == pointers


async def test_a_reservation_has_one_end(api: httpx.AsyncClient) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    one = await api.post(RESERVATIONS, json=a_request(expire_a=until))
    two = await api.post(RESERVATIONS, json=a_request(expire_a=until, expire_dans=60))

    assert datetime.fromisoformat(one.json()["expire_a"]) == datetime.fromisoformat(until)
    assert two.status_code == 422


async def test_a_released_reservation_gives_back_once(api: httpx.AsyncClient, stock: Stock) -> None:
    reservation_id = await reserve(api, (COFFEE, 5))
    url = f"{RESERVATIONS}/{reservation_id}"

    released = await api.delete(url)
    again = await api.post(f"{url}/liberation")

    assert (released.status_code, again.status_code) == (200, 200)
    assert released.json() == again.json() == (await api.get(url)).json()
    assert released.json()["statut"] == "liberee"
    assert await reserved(stock) == {COFFEE: 0, TEA: 0}
    await reserve(api, (COFFEE, 5))


async def test_what_has_expired_is_available_before_it_is_closed(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    expired = await reserve(api, (COFFEE, 5), (TEA, 1))
    await let_expire(stock, expired)

    assert await status_of(api, expired) == "expiree"
    url = f"{RESERVATIONS}/{expired}"
    refused = await api.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "reservation-expiree")
    await reserve(api, (COFFEE, 5))
    assert await reserved(stock) == {COFFEE: 10, TEA: 1}

    assert await sweep(stock) == 1
    assert await sweep(stock) == 0
    assert await reserved(stock) == {COFFEE: 5, TEA: 0}
    assert (await api.delete(url)).status_code == 409
    assert await wrong_sums(stock) == 0


async def test_an_unknown_reservation_is_not_found(api: httpx.AsyncClient) -> None:
    url = f"{RESERVATIONS}/{uuid7()}"

    for answer in await api.get(url), await api.delete(url), await api.post(f"{url}/liberation"):
        assert (answer.status_code, answer.json()["code"]) == (404, "reservation-introuvable")


async def test_the_list_has_filters_and_pages(api: httpx.AsyncClient, stock: Stock) -> None:
    expired = await reserve(api, (COFFEE, 1))
    released = await reserve(api, (TEA, 1))
    elsewhere = await reserve(api, (COFFEE, 1), magasin_id=OTHER_STORE)
    last = await reserve(api, (COFFEE, 1), (TEA, 1))
    await api.delete(f"{RESERVATIONS}/{released}")
    await let_expire(stock, expired)

    async def found(**query: Any) -> list[UUID]:
        rows: list[Any] = []
        url, params = RESERVATIONS, {**query, "limite": 1}
        while url:
            answer = await api.get(url, params=params or None)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            url, params = answer.links.get("next", {}).get("url", ""), {}
        return [UUID(row["reservation_id"]) for row in rows]

    assert await found() == [last, elsewhere, released, expired]
    assert await found(magasin_id=STORE) == [last, released, expired]
    assert await found(produit_id=TEA) == [last, released]
    assert await found(produit_id=COFFEE) == [last, elsewhere, expired]
    assert await found(statut="ouverte") == [last, elsewhere]
    assert await found(statut="ouverte", magasin_id=STORE, produit_id=COFFEE) == [last]
    assert await found(statut="expiree") == await found(statut="expiree", produit_id=COFFEE)
    assert await found(statut="expiree", magasin_id=STORE) == [expired]
    assert await found(statut="liberee") == [released]
    assert await found(statut="consommee") == []
    await sweep(stock)
    assert await found(statut="expiree", magasin_id=STORE) == [expired]


async def test_a_key_reserves_in_its_own_stores(api: httpx.AsyncClient, stock: Stock) -> None:
    async with stock.engine.begin() as connection:
        await ensure_key(connection, "own", "till", "own", sites=[STORE])
        await ensure_key(connection, "watching", "read-only", "watching")
    own = {"x-token": "own"}
    elsewhere = await reserve(api, (COFFEE, 1), magasin_id=OTHER_STORE)

    assert (await api.post(RESERVATIONS, json=a_request(), headers=own)).status_code == 201
    body = a_request(magasin_id=OTHER_STORE)
    foreign = await api.post(RESERVATIONS, json=body, headers=own)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "hors-portee")
    url = f"{RESERVATIONS}/{elsewhere}"
    for answer in await api.get(url, headers=own), await api.delete(url, headers=own):
        assert answer.status_code == 404
    rows = (await api.get(RESERVATIONS, headers=own)).json()
    assert {row["magasin_id"] for row in rows} == {STORE}
    watching = {"x-token": "watching"}
    assert (await api.post(RESERVATIONS, json=a_request(), headers=watching)).status_code == 403


async def test_each_change_is_an_event(api: httpx.AsyncClient, stock: Stock) -> None:
    expired, released = await reserve(api), await reserve(api)
    await api.delete(f"{RESERVATIONS}/{released}")
    await let_expire(stock, expired)
    await sweep(stock)

    events = await stock.outbox("stock.reservation-changed.v1")

    told = [(each.body["reservation_id"], each.body["version"]) for each in events]
    assert told == [
        (str(expired), 1),
        (str(released), 1),
        (str(released), 2),
        (str(expired), 2),
    ]
    assert [each.body["status"] for each in events] == ["open", "open", "released", "expired"]
    assert {each.key for each in events} == {str(STORE)}
