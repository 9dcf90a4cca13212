"""Counts over HTTP, while the store sells: opened, entered, posted or cancelled."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import find_all_differences
from service_kit.http.api_keys import ensure_key
from stock_service.db.audits import CHECKS
from stock_service.domain.levels import ProductId
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    reception,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.counting import (
    COUNTS,
    SECOND,
    close,
    counted,
    enter,
    line_of,
    open_shop,
    opened,
    sold,
)
from tests.stock_service.moving import shipped

HEAD_OFFICE = {"x-token": "key-of-head-office"}
MOVEMENTS = "/api/stock/mouvements"


@pytest.fixture(autouse=True)
async def shop(stock: Stock) -> None:
    await open_shop(stock)


async def sound(engine: AsyncEngine) -> bool:
    """Return whether the audit finds nothing."""
    async with AsyncSession(engine) as session:
        return [f for check in CHECKS for f in await find_all_differences(session, check)] == []


async def test_differences_of_counted_products_are_posted(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api, motif="Fin d'année")
    await enter(api, url, (COFFEE, 47))

    assert await line_of(api, url) == ("compte", 47, 50, -3, 0)
    assert await line_of(api, url, TEA) == ("non_compte", None, None, None, 0)
    assert await stock.levels() == {COFFEE: 50, TEA: 5}
    posted = await close(api, url)

    assert (posted["statut"], posted["unites_manquantes"], posted["unites_en_trop"]) == (
        *("cloture", 3, 0),
    )
    assert (posted["nombre_lignes"], posted["lignes_comptees"]) == (2, 1)
    assert await stock.levels() == {COFFEE: 47, TEA: 5}
    assert await line_of(api, url) == ("compte", 47, 50, -3, 0)
    [moved, *_] = (await api.get(MOVEMENTS, params={"magasin_id": STORE})).json()
    assert (moved["type"], moved["delta"], moved["motif"]) == ("inventaire", -3, "Fin d'année")
    assert moved["document_id"] == posted["inventaire_id"]
    document = await api.get(f"{MOVEMENTS}/{posted['inventaire_id']}")
    assert document.json()["lignes"] == [{"produit_id": COFFEE, "quantite": -3, "solde": 47}]
    assert await sound(stock_engine)


async def test_the_store_sells_while_it_counts(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 49))
    await stock.receive(sold(at + SECOND, (COFFEE, 4)))
    await api.post(MOVEMENTS, json=reception((COFFEE, 10)))

    assert await line_of(api, url) == ("compte", 49, 50, -1, 0)
    await close(api, url)

    assert await stock.levels() == {COFFEE: 55, TEA: 5}
    assert await sound(stock_engine)


async def test_the_last_quantity_by_its_instant_stays(api: httpx.AsyncClient) -> None:
    url = await opened(api)
    first = await enter(api, url, (COFFEE, 40))
    second = await enter(api, url, (COFFEE, 45))
    await enter(api, url, (COFFEE, 30), at=first + (second - first) / 2)

    assert (await line_of(api, url))[1] == 45
    both = counted((COFFEE, 44), (COFFEE, 43))["lignes"]
    await api.post(f"{url}/comptages", json={"lignes": both})
    assert (await line_of(api, url))[1] == 43
    last = await enter(api, url, (COFFEE, 42))
    await enter(api, url, (COFFEE, 41), at=last)
    assert (await line_of(api, url))[1] == 41


async def test_every_wrong_line_is_told(api: httpx.AsyncClient) -> None:
    url = await opened(api, produits=[COFFEE])
    at = await enter(api, url, (COFFEE, 1))
    lines = [
        *counted((TEA, 1))["lignes"],
        *counted((COFFEE, 2), at=at + timedelta(hours=1))["lignes"],
        *counted((COFFEE, 3), at=at - timedelta(hours=1))["lignes"],
        *counted((COFFEE, 4))["lignes"],
    ]

    answer = await api.post(f"{url}/comptages", json={"lignes": lines})

    assert (answer.status_code, answer.json()["code"]) == (422, "comptages-invalides")
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/lignes/0/produit_id", "produit-hors-inventaire"),
        ("/lignes/1/compte_le", "instant-a-venir"),
        ("/lignes/2/compte_le", "instant-avant-ouverture"),
    ]
    assert (await line_of(api, url))[1] == 1


async def test_a_count_is_of_a_store_a_category_or_products(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    sugar = ProductId(13)
    await stock.receive(product_changed(sugar, category="Sucres"))

    async def lines(url: str) -> list[int]:
        return [each["produit_id"] for each in (await api.get(url)).json()["lignes"]]

    store = await opened(api)
    assert await lines(store) == [COFFEE, TEA]
    # It is found on the shelf, and no book knows of it.
    await enter(api, store, (sugar, 2))
    assert await line_of(api, store, sugar) == ("compte", 2, 0, 2, 0)
    assert await lines(await opened(api, categorie="Sucres")) == [sugar]
    assert await lines(await opened(api, produits=[TEA, TEA])) == [TEA]
    both = await api.post(
        COUNTS, json={"magasin_id": STORE, "categorie": "Sucres", "produits": [TEA]}
    )
    empty = await api.post(COUNTS, json={"magasin_id": STORE, "categorie": "Rien"})
    unknown = await api.post(COUNTS, json={"magasin_id": STORE, "produits": [TEA, 99]})
    assert (both.status_code, empty.json()["code"]) == (422, "categorie-vide")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (404, "/produits/1")
    await close(api, store)
    assert (await stock.levels())[sugar] == 2


async def test_a_count_is_opened_once(api: httpx.AsyncClient) -> None:
    body = {"magasin_id": STORE, "produits": [TEA, COFFEE], "inventaire_id": str(uuid4())}

    first = await api.post(COUNTS, json=body)
    again = await api.post(COUNTS, json=body)
    other = await api.post(COUNTS, json=body | {"motif": "B"})
    keyed = [
        await api.post(COUNTS, json={"magasin_id": STORE}, headers={"idempotency-key": "c"})
        for _ in range(2)
    ]

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "inventaire-existant")
    assert keyed[0].headers["location"] == keyed[1].headers["location"]
    assert len((await api.get(COUNTS)).json()) == 2


async def test_a_cancelled_count_moves_nothing(api: httpx.AsyncClient, stock: Stock) -> None:
    url = await opened(api)
    await enter(api, url, (COFFEE, 1))

    ended = await api.post(f"{url}/annulation")

    assert (ended.status_code, ended.json()["statut"]) == (200, "annule")
    for path, body in (("comptages", counted((COFFEE, 1))), ("cloture", None)):
        refused = await api.post(f"{url}/{path}", json=body)
        assert (refused.status_code, refused.json()["statut"]) == (409, "annule")
    assert await stock.levels() == {COFFEE: 50, TEA: 5}
    assert await line_of(api, url) == ("compte", 1, None, None, 0)


async def test_of_many_who_post_at_once_one_does(api: httpx.AsyncClient, stock: Stock) -> None:
    url = await opened(api)
    await enter(api, url, (COFFEE, 40), (TEA, 9))

    ends = [*(f"{url}/cloture" for _ in range(6)), f"{url}/annulation", f"{url}/annulation"]
    answers = await asyncio.gather(*(api.post(end) for end in ends))

    assert sorted(each.status_code for each in answers) == [200] + [409] * 7
    [word] = {each.json()["statut"] for each in answers}
    levels = {COFFEE: 40, TEA: 9} if word == "cloture" else {COFFEE: 50, TEA: 5}
    assert await stock.levels() == levels
    assert await stock.differences() == []


async def test_the_later_of_two_counts_says_the_level(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    older, newer = await opened(api), await opened(api)
    await enter(api, older, (COFFEE, 44))
    await enter(api, newer, (COFFEE, 46))
    await close(api, newer)

    assert await line_of(api, older) == ("remplace", 44, None, None, 0)
    await close(api, older)

    assert await line_of(api, older) == ("remplace", 44, None, None, 0)
    assert await stock.levels() == {COFFEE: 46, TEA: 5}
    assert await sound(stock_engine)


async def test_a_count_expects_what_an_earlier_one_has_corrected(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    first, second = await opened(api), await opened(api)
    await enter(api, first, (COFFEE, 45))
    await enter(api, second, (COFFEE, 45))
    assert (await line_of(api, second))[3] == -5

    await close(api, first)

    assert await line_of(api, second) == ("compte", 45, 45, 0, 0)
    await close(api, second)
    assert await stock.levels() == {COFFEE: 45, TEA: 5}
    assert await sound(stock_engine)


async def test_transfers_meet_counts(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api)
    await enter(api, url, (COFFEE, 48))
    await shipped(api, (COFFEE, 8), de=STORE, vers=OTHER_STORE)

    await close(api, url)

    assert await stock.levels() == {COFFEE: 40, TEA: 5}
    assert await sound(stock_engine)


async def test_values_need_the_right_to_see_costs(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    async with stock_engine.begin() as connection:
        await ensure_key(connection, "key-with-costs", "manager", "costs", rights=["see-costs"])
    costed = reception((COFFEE, 50))
    costed["lignes"][0]["cout_unitaire"] = 2.5
    await api.post(MOVEMENTS, json=costed)
    url = await opened(api)
    await enter(api, url, (COFFEE, 97), (TEA, 4))
    await close(api, url)

    async def values(headers: dict[str, str]) -> list[Any]:
        found = (await api.get(url, headers=headers)).json()
        return [each.get("valeur_ecart", "hidden") for each in (found, *found["lignes"])]

    assert await values({}) == ["hidden"] * 3
    assert await values({"x-token": "key-with-costs"}) == [-7.5, -7.5, None]
    assert await values(HEAD_OFFICE) == [-7.5, -7.5, None]


async def test_the_largest_difference_of_the_dearest_goods_is_valued(
    api: httpx.AsyncClient,
) -> None:
    costed = reception((COFFEE, 50))
    costed["lignes"][0]["cout_unitaire"] = 999999
    await api.post(MOVEMENTS, json=costed)
    url = await opened(api)
    await enter(api, url, (COFFEE, 10**12))
    await close(api, url)

    posted = (await api.get(url, headers=HEAD_OFFICE)).json()

    assert posted["valeur_ecart"] == pytest.approx(1e18, rel=1e-3)
    beyond = urlsafe_b64encode(str(2**40).encode()).decode()
    rest = await api.get(url, params={"curseur": beyond})
    assert (rest.status_code, rest.json()["lignes"]) == (200, [])


async def test_lists_show_filtered_pages(api: httpx.AsyncClient) -> None:
    first = await opened(api)
    second = await opened(api, produits=[COFFEE])
    third = await opened(api, magasin_id=OTHER_STORE)
    await api.post(f"{first}/annulation")

    async def urls(**query: Any) -> list[str]:
        found = (await api.get(COUNTS, params=query)).json()
        return [f"{COUNTS}/{each['inventaire_id']}" for each in found]

    assert await urls() == [third, second, first]
    assert await urls(magasin_id=STORE) == [second, first]
    assert await urls(magasin_id=STORE, statut="ouvert") == [second]
    assert await urls(statut="cloture") == []
    page = await api.get(COUNTS, params={"limite": 2})
    rest = await api.get(page.links["next"]["url"])
    assert (len(page.json()), len(rest.json())) == (2, 1)
    lines = await api.get(first, params={"limite": 1})
    more = await api.get(lines.links["next"]["url"])
    ids = [each.json()["lignes"][0]["produit_id"] for each in (lines, more)]
    assert (ids, "next" in more.links) == ([COFFEE, TEA], False)


async def test_a_posted_count_is_told(api: httpx.AsyncClient, stock: Stock) -> None:
    url = await opened(api)
    await enter(api, url, (COFFEE, 47), (TEA, 5))
    await close(api, url)

    [levels] = await stock.outbox("stock.stock-levels-changed.v1")

    assert levels.body["levels"] == [{"product_id": COFFEE, "on_hand": 47, "version": 2}]
    [row] = await stock.execute("SELECT counted_at FROM stock_levels WHERE product_id = 12")
    assert isinstance(row.counted_at, datetime)
