"""`/api/produits/{id}/prix`: prices with dates, of the chain and of stores."""

import asyncio
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.days import read_chain_day
from tests.sales_service.conftest import Shop

# Nothing decides the sales of a strict store here.
AT_ONCE = {"prefer": "respond-async"}


def prices_of(product: int) -> str:
    return f"/api/produits/{product}/prix"


async def today(shop: Shop) -> date:
    async with AsyncSession(shop.engine) as session:
        return await read_chain_day(session)


async def set_price(shop: Shop, price: float | None, **more: Any) -> httpx.Response:
    body = {"prix": price} | more
    return await shop.client.post(prices_of(shop.coffee), json=body)


async def plan(shop: Shop, price: float | None, days: int, **more: Any) -> date:
    """Set a price from a day to come on, and return the day."""
    begins = await today(shop) + timedelta(days)
    answer = await set_price(shop, price, du=begins.isoformat(), **more)
    assert answer.status_code == 201, answer.text
    assert answer.json()["statut"] == "prevu"
    return begins


async def history(shop: Shop, **query: Any) -> list[tuple[Any, ...]]:
    answer = await shop.client.get(prices_of(shop.coffee), params=query)
    assert answer.status_code == 200, answer.text
    return [
        (each["magasin_id"], each["du"], each["prix"], each["statut"]) for each in answer.json()
    ]


async def shown(shop: Shop, **query: Any) -> float:
    answer = await shop.client.get(f"/api/produits/{shop.coffee}", params=query)
    price: float = answer.json()["prix"]
    return price


async def test_a_product_begins_with_its_price(shop: Shop) -> None:
    [first] = (await shop.client.get(prices_of(shop.coffee))).json()

    assert (first["magasin_id"], first["du"], first["prix"]) == (None, None, 12.5)
    assert (first["statut"], first["par"]) == ("en_vigueur", "test/head-office")
    assert first["le"] is not None


async def test_a_changed_product_has_its_price_from_today_on(shop: Shop) -> None:
    day = (await today(shop)).isoformat()

    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 13})
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 13, "nom": "Café"})
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 14})

    # What was in force for an hour stays in the history; the same price again is no entry.
    assert await history(shop) == [
        (None, day, 14, "en_vigueur"),
        (None, day, 13, "passe"),
        (None, None, 12.5, "passe"),
    ]
    assert (await shop.sell((shop.coffee, 1))).json()["total"] == 14


async def test_a_price_of_today_is_that_of_the_product(shop: Shop) -> None:
    before = (await shop.client.get(f"/api/produits/{shop.coffee}")).json()

    answer = await set_price(shop, 13)
    after = (await shop.client.get(f"/api/produits/{shop.coffee}")).json()

    assert (answer.status_code, answer.json()["statut"]) == (201, "en_vigueur")
    assert (after["prix"], after["version"]) == (13, before["version"] + 1)


async def test_a_planned_price_changes_nothing_before_its_day(shop: Shop) -> None:
    await shop.sell((shop.coffee, 1))
    later = await plan(shop, 20, days=3)

    assert await shown(shop) == 12.5
    assert (await shop.sell((shop.coffee, 1))).json()["total"] == 12.5
    assert (await history(shop))[0] == (None, later.isoformat(), 20, "prevu")


async def test_a_date_has_one_planned_price(shop: Shop) -> None:
    await plan(shop, 20, days=3)
    later = await plan(shop, 21, days=3)

    assert await history(shop) == [
        (None, later.isoformat(), 21, "prevu"),
        (None, None, 12.5, "en_vigueur"),
    ]


async def test_a_price_for_the_past_is_refused(shop: Shop) -> None:
    yesterday = await today(shop) - timedelta(days=1)

    answer = await set_price(shop, 20, du=yesterday.isoformat())

    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/du", "date-passee")
    ]
    assert len(await history(shop)) == 1


async def take_back(shop: Shop, day: date, **query: Any) -> httpx.Response:
    return await shop.client.delete(f"{prices_of(shop.coffee)}/{day}", params=query)


async def test_a_planned_price_is_taken_back(shop: Shop) -> None:
    later = await plan(shop, 20, days=3, magasin_id=shop.strict)

    of_chain = await take_back(shop, later)
    answer = await take_back(shop, later, magasin_id=shop.strict)

    assert (of_chain.status_code, of_chain.json()["code"]) == (404, "prix-introuvable")
    assert (answer.status_code, answer.json()["prix"]) == (200, 20)
    assert await history(shop, magasin_id=shop.strict) == [(None, None, 12.5, "en_vigueur")]


async def test_a_price_that_has_begun_is_not_taken_back(shop: Shop) -> None:
    await set_price(shop, 13)

    answer = await take_back(shop, await today(shop))

    assert (answer.status_code, answer.json()["code"]) == (409, "prix-en-vigueur")
    assert await shown(shop) == 13


async def test_a_store_has_its_own_price_until_it_has_the_chains_again(shop: Shop) -> None:
    store = shop.strict
    await set_price(shop, 10, magasin_id=store)
    own = (await shop.sell((shop.coffee, 1), store=store, headers=AT_ONCE)).json()

    assert await shown(shop, magasin_id=store) == 10
    assert await shown(shop, magasin_id=shop.permissive) == await shown(shop) == 12.5
    line = own["lignes"][0]
    assert (line["prix_catalogue"], own["total"]) == (10, 10)
    assert (await shop.sell((shop.coffee, 1))).json()["total"] == 12.5

    await set_price(shop, None, magasin_id=store)
    assert await shown(shop, magasin_id=store) == 12.5
    assert (await shop.sell((shop.coffee, 1), store=store, headers=AT_ONCE)).json()["total"] == 12.5


async def test_lists_and_searches_show_the_price_of_a_store(shop: Shop) -> None:
    await set_price(shop, 10, magasin_id=shop.strict)
    query = {"magasin_id": shop.strict}

    listed = (await shop.client.get("/api/produits/", params=query)).json()
    found = await shop.client.get("/api/produits/recherche", params=query | {"critere": "moulu"})
    page = (await shop.client.get("/api/produits/filtrer", params=query)).json()

    assert [each["prix"] for each in listed] == [10, 4.3333]
    assert [each["prix"] for each in found.json()] == [10]
    assert [each["prix"] for each in page["produits"]] == [10, 4.3333]


async def test_an_unknown_store_or_product_has_no_price(shop: Shop) -> None:
    unknown = await set_price(shop, 10, magasin_id=999)
    nothing = await shop.client.post(prices_of(999), json={"prix": 1})
    lists = [
        await shop.client.get(path, params={"magasin_id": 999})
        for path in (prices_of(shop.coffee), "/api/produits/", f"/api/produits/{shop.coffee}")
    ]

    assert (unknown.status_code, unknown.json()["code"]) == (404, "magasin-introuvable")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "produit-introuvable")
    assert [answer.status_code for answer in lists] == [404] * 3


async def test_without_a_price_a_store_is_named(shop: Shop) -> None:
    assert (await set_price(shop, None)).status_code == 422


async def test_a_repeated_request_sets_one_price(shop: Shop) -> None:
    key = {"idempotency-key": "price-1"}
    path = prices_of(shop.coffee)

    first = await shop.client.post(path, json={"prix": 13}, headers=key)
    again = await shop.client.post(path, json={"prix": 13}, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert len(await history(shop)) == 2


async def test_the_history_is_read_page_by_page(shop: Shop) -> None:
    days = [await plan(shop, 20 + days, days=days) for days in (1, 2)]
    expected = [days[1].isoformat(), days[0].isoformat(), None]

    read: list[str | None] = []
    link: str | None = f"{prices_of(shop.coffee)}?limite=1"
    while link:
        answer = await shop.client.get(link)
        read += [each["du"] for each in answer.json()]
        link = answer.links.get("next", {}).get("url")

    assert read == expected


@pytest.mark.parametrize("cursor", ["2026-02-30.1", "2026-01-01", "x"])
async def test_a_foreign_cursor_is_refused(shop: Shop, cursor: str) -> None:
    answer = await shop.client.get(prices_of(shop.coffee), params={"curseur": cursor})

    assert answer.status_code == 422


async def test_fifty_prices_are_planned_at_most_however_many_at_once(shop: Shop) -> None:
    day = await today(shop)
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO product_prices (product_id, valid_from, unit_price, is_planned)
                SELECT :product, CAST(:day AS date) + n, n, true FROM generate_series(1, 48) AS n
            """),
            {"product": shop.coffee, "day": day},
        )

    days = [(day + timedelta(days=60 + n)).isoformat() for n in range(4)]
    answers = await asyncio.gather(*(set_price(shop, 1, du=each) for each in days))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["code"] == "trop-de-prix"


async def test_after_a_closing_a_planned_price_has_begun_in_the_store(shop: Shop) -> None:
    store = shop.permissive
    tomorrow = await plan(shop, 20, days=1, magasin_id=store)
    place = f"/api/magasins/{store}/journees/{tomorrow - timedelta(days=1)}"
    assert (await shop.client.post(f"{place}/cloture")).status_code == 201

    # The store sells on the next business day, so nobody takes its price back any more.
    assert (await shop.sell((shop.coffee, 1))).json()["total"] == 20
    query = {"magasin_id": store}
    answer = await shop.client.delete(f"{prices_of(shop.coffee)}/{tomorrow}", params=query)
    assert (answer.status_code, answer.json()["code"]) == (409, "prix-en-vigueur")
    assert (store, tomorrow.isoformat(), 20, "en_vigueur") in await history(shop, **query)
