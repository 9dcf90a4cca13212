"""A key sells and reads in its own stores; prices, past dates and costs need a right."""

from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any

import pytest
from httpx import Response

from service_kit.http.api_keys import ensure_key
from tests.sales_service.conftest import Shop


async def give(shop: Shop, role: str = "till", **scope: Any) -> dict[str, str]:
    """Return the header of a new key, of the permissive store unless others are given.

    The client stays the same. A new key is in no cache: its scope counts at once.
    """
    key = token_hex()
    async with shop.engine.begin() as connection:
        await ensure_key(connection, key, role, "own", **{"sites": [shop.permissive]} | scope)
    return {"x-token": key}


def refused(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def sold(shop: Shop, store: int) -> str:
    answer = await shop.sell((shop.coffee, 1), store=store, headers={"Prefer": "respond-async"})
    return str(answer.json()["id"])


async def test_a_key_sells_in_its_own_store_only(shop: Shop) -> None:
    own_key = await give(shop)

    own = await shop.sell((shop.coffee, 1), headers=own_key)
    foreign = await shop.sell((shop.coffee, 1), store=shop.strict, headers=own_key)
    unknown = await shop.sell((shop.coffee, 1), store=9999, headers=own_key)

    assert own.status_code == 201
    assert refused(foreign) == refused(unknown) == (403, "hors-portee")


async def test_a_receipt_of_a_foreign_store_does_not_exist(shop: Shop) -> None:
    own_key = await give(shop)
    own, foreign = await sold(shop, shop.permissive), await sold(shop, shop.strict)

    assert (await shop.client.get(f"/api/ventes/{own}", headers=own_key)).status_code == 200
    hidden = await shop.client.get(f"/api/ventes/{foreign}", headers=own_key)
    assert refused(hidden) == (404, "vente-introuvable")


async def test_a_list_shows_the_receipts_of_the_key_s_stores(shop: Shop) -> None:
    own_key = await give(shop)
    own = [await sold(shop, shop.permissive) for _ in range(3)][::-1]
    foreign = await sold(shop, shop.strict)

    async def listed(**query: int) -> list[str]:
        answer = await shop.client.get("/api/ventes/", params=query, headers=own_key)
        return [sale["id"] for sale in answer.json()]

    assert await listed() == await listed(magasin_id=shop.permissive) == own
    assert await listed(magasin_id=shop.strict) == []
    own_key = await give(shop, sites=[shop.permissive, shop.strict])
    assert await listed() == [foreign, *own]
    assert await listed(limite=2) == [foreign, own[0]]
    own_key = await give(shop, sites=[])
    assert await listed() == []


async def test_the_pages_of_several_stores_hold_each_receipt_once(shop: Shop) -> None:
    own_key = await give(shop, sites=[shop.permissive, shop.strict])
    stores = (shop.permissive, shop.strict) * 3
    sales = [await sold(shop, store) for store in stores][::-1]

    found: list[str] = []
    url: str | None = "/api/ventes/?limite=2"
    while url:
        answer = await shop.client.get(url, headers=own_key)
        found += [sale["id"] for sale in answer.json()]
        url = answer.links.get("next", {}).get("url")

    assert found == sales


async def test_another_price_needs_a_right(shop: Shop) -> None:
    own_key = await give(shop)
    listed, other = (shop.basket((shop.tea, 1), (shop.coffee, 1)) for _ in range(2))
    listed["panier"][1]["prix_unitaire"] = "12.50"
    other["panier"][1]["prix_unitaire"] = 0

    async def sell(body: dict[str, Any]) -> Response:
        return await shop.client.post("/api/ventes/", json=body, headers=own_key)

    assert (await sell(listed)).status_code == 201
    answer = await sell(other)
    assert refused(answer) == (403, "droit-insuffisant")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/panier/1/prix_unitaire"]
    own_key = await give(shop, rights=["price-override"])
    assert (await sell(other)).status_code == 201


@pytest.mark.parametrize(
    ("role", "status"), [("till", 403), ("manager", 403), ("head-office", 201)]
)
async def test_only_the_head_office_has_rights_without_being_given_them(
    shop: Shop, role: str, status: int
) -> None:
    own_key = await give(shop, role=role)
    body = shop.basket((shop.coffee, 1)) | {"date": "2003-01-01T12:00:00"}

    answer = await shop.client.post("/api/ventes/", json=body, headers=own_key)

    assert answer.status_code == status


async def test_an_earlier_day_needs_a_right(shop: Shop) -> None:
    own_key = await give(shop)
    now = datetime.now(UTC)

    async def sell(age: timedelta) -> Response:
        body = shop.basket((shop.coffee, 1)) | {"date": (now - age).isoformat()}
        return await shop.client.post("/api/ventes/", json=body, headers=own_key)

    # A till that was offline delivers what it sold.
    assert (await sell(timedelta(hours=23))).status_code == 201
    answer = await sell(timedelta(hours=25))
    assert refused(answer) == (403, "droit-insuffisant")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/date"]
    own_key = await give(shop, rights=["backdate"])
    assert (await sell(timedelta(hours=25))).status_code == 201


async def test_a_recorded_sale_is_repeated_without_the_right(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1)) | {"date": "2003-01-01T12:00:00"}
    keyed = {"Idempotency-Key": "the sale of 2003"}

    async def sell(rights: list[str]) -> Response:
        headers = keyed | await give(shop, rights=rights)
        return await shop.client.post("/api/ventes/", json=body, headers=headers)

    first = await sell(["backdate"])
    again = await sell([])

    assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])


@pytest.mark.parametrize(
    ("role", "rights", "is_shown"),
    [
        ("till", ["see-costs"], False),
        ("till", [], False),
        ("manager", [], False),
        ("manager", ["see-costs"], True),
        ("read-only", ["see-costs"], True),
        ("head-office", [], True),
    ],
)
async def test_a_cost_is_left_out_for_a_caller_who_may_not_see_it(
    shop: Shop, role: str, rights: list[str], is_shown: bool
) -> None:
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"cout": 3})
    own_key = await give(shop, role=role, rights=rights, sites=None)

    listed = await shop.client.get("/api/produits/", headers=own_key)
    found = await shop.client.get("/api/produits/recherche?critere=moulu", headers=own_key)
    page = await shop.client.get("/api/produits/filtrer", headers=own_key)

    for products in listed.json(), found.json(), page.json()["produits"]:
        cost = {product["id"]: product.get("cout", "left out") for product in products}
        assert cost[shop.coffee] == (3.0 if is_shown else "left out")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/magasins/"),
        ("PUT", "/api/magasins/{own}"),
        ("POST", "/api/produits/"),
        ("PUT", "/api/produits/1"),
    ],
)
async def test_a_limited_key_changes_nothing_of_the_chain(
    shop: Shop, method: str, path: str
) -> None:
    own_key = await give(shop, role="head-office")

    answer = await shop.client.request(
        method,
        path.format(own=shop.permissive),
        json={"nom": "Autre", "categorie": "X", "prix": 1} if "produits" in path else {"nom": "A"},
        headers=own_key,
    )

    assert refused(answer) == (403, "portee-limitee")
