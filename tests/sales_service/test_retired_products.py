"""A retired product is not sold; its history stays, and it can be put on sale again."""

from typing import Any

import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop

LISTS = ("/api/produits/", "/api/produits/recherche?critere=epicerie", "/api/produits/filtrer")


async def retire(shop: Shop, product: int) -> None:
    answer = await shop.client.delete(f"/api/produits/{product}")
    assert (answer.status_code, answer.json()["actif"]) == (200, False)


async def listed(shop: Shop, path: str, **query: Any) -> list[int]:
    answer = await shop.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    products = answer.json()
    return [
        each["id"] for each in (products if isinstance(products, list) else products["produits"])
    ]


async def test_a_retired_product_is_not_sold_and_each_line_of_it_is_named(shop: Shop) -> None:
    await shop.sell((shop.coffee, 1), (shop.tea, 1))  # this process has cached the products
    await retire(shop, shop.tea)

    refused = await shop.sell((shop.tea, 1), (shop.coffee, 1), (shop.tea, 2))

    assert (refused.status_code, refused.json()["code"]) == (409, "produit-retire")
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [
        "/panier/0/produit_id",
        "/panier/2/produit_id",
    ]
    assert (await shop.sell((shop.coffee, 1))).status_code == 201


async def test_the_sales_of_a_retired_product_stay_and_are_repeated(shop: Shop) -> None:
    key = {"idempotency-key": "before"}
    sold = (await shop.sell((shop.coffee, 1), headers=key)).json()
    await retire(shop, shop.coffee)

    again = await shop.sell((shop.coffee, 1), headers=key)
    read = await shop.client.get(f"/api/ventes/{sold['vente_id']}")
    sales = await shop.client.get("/api/ventes/", params={"produit_id": shop.coffee})

    assert (again.status_code, again.json()["vente_id"]) == (201, sold["vente_id"])
    assert read.json()["lignes"][0]["nom"] == "Café moulu"
    assert [sale["id"] for sale in sales.json()] == [sold["vente_id"]]


@pytest.mark.parametrize("path", LISTS)
async def test_a_retired_product_leaves_the_lists_and_is_found_among_the_retired(
    shop: Shop, path: str
) -> None:
    await retire(shop, shop.tea)
    key, _, value = path.partition("?")[2].partition("=")
    query = {key: value} if key else {}

    assert await listed(shop, path.partition("?")[0], **query) == [shop.coffee]
    assert await listed(shop, path.partition("?")[0], actif="false", **query) == [shop.tea]
    one = await shop.client.get(f"/api/produits/{shop.tea}")
    assert (one.status_code, one.json()["actif"]) == (200, False)


async def test_a_page_counts_the_products_on_sale(shop: Shop) -> None:
    await retire(shop, shop.tea)

    totals = [
        (await shop.client.get("/api/produits/filtrer", params={"actif": actif})).json()["total"]
        for actif in ("true", "false")
    ]

    assert totals == [1, 1]


async def test_a_product_is_retired_and_put_on_sale_again_by_a_change(shop: Shop) -> None:
    product = f"/api/produits/{shop.coffee}"
    retired = await shop.client.put(product, json={"actif": False})
    refused = await shop.sell((shop.coffee, 1))

    back = await shop.client.put(product, json={"actif": True})

    assert (retired.status_code, retired.json()["actif"]) == (200, False)
    assert refused.status_code == 409
    assert (back.json()["actif"], back.json()["version"]) == (True, 3)
    assert (await shop.sell((shop.coffee, 1))).status_code == 201


async def test_a_retired_product_may_be_changed_and_is_found_by_its_new_name(shop: Shop) -> None:
    await retire(shop, shop.coffee)

    changed = await shop.client.put(f"/api/produits/{shop.coffee}", json={"nom": "Décaféiné"})

    assert (changed.json()["nom"], changed.json()["actif"]) == ("Décaféiné", False)
    found = await listed(shop, "/api/produits/recherche", critere="decafeine", actif="false")
    assert found == [shop.coffee]


async def test_retiring_twice_changes_and_announces_once(shop: Shop) -> None:
    first = await shop.client.delete(f"/api/produits/{shop.coffee}")
    second = await shop.client.delete(f"/api/produits/{shop.coffee}")
    unknown = await shop.client.delete("/api/produits/99")

    assert second.json() == first.json()
    assert second.headers["etag"] == first.headers["etag"] == '"2"'
    assert (unknown.status_code, unknown.json()["code"]) == (404, "produit-introuvable")
    async with shop.engine.connect() as connection:
        announced = await connection.execute(
            text("""
                SELECT CAST(convert_from(payload, 'UTF8') AS jsonb) -> 'is_active' FROM outbox
                WHERE subject = :product ORDER BY id
            """),
            {"product": f"product/{shop.coffee}"},
        )
    assert list(announced.scalars()) == [True, False]
