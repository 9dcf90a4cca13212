"""A new product with its opening stock, in the body or in the query."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop

DECLARED = text("""
    SELECT key, payload FROM outbox WHERE type = 'sales.level-declared.v1' ORDER BY id
""")


async def declared(shop: Shop) -> list[tuple[str, int, int, str, int]]:
    """Return key, store, product, kind and quantity of each declared level."""
    async with shop.engine.connect() as connection:
        rows = (await connection.execute(DECLARED)).all()
    bodies = [(row.key, json.loads(row.payload)) for row in rows]
    return [
        (key, body["store_id"], body["product_id"], body["kind"], body["quantity"])
        for key, body in bodies
    ]


def strawberries(**further: Any) -> dict[str, Any]:
    return {"nom": "Fraise", "categorie": "fruit", "prix": 3.99, **further}


@pytest.mark.parametrize("form", ["params", "json"])
async def test_the_opening_stock_is_declared_for_the_store(shop: Shop, form: str) -> None:
    sent: Any = {form: strawberries(quantite_stock=50, magasin_id=shop.strict)}

    answer = await shop.client.post("/api/produits/", **sent)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["nom"], made["prix"], made["magasin_id"]) == ("Fraise", 3.99, shop.strict)
    assert await declared(shop) == [(str(shop.strict), shop.strict, made["id"], "opening", 50)]


async def test_a_product_without_stock_declares_nothing(shop: Shop) -> None:
    for product in (strawberries(), strawberries(magasin_id=1, quantite_stock=0)):
        assert (await shop.client.post("/api/produits/", json=product)).status_code == 201

    assert await declared(shop) == []


async def test_each_product_of_a_batch_has_its_opening_stock(shop: Shop) -> None:
    products = [
        strawberries(magasin_id=shop.strict, quantite_stock=5),
        strawberries(),
        strawberries(magasin_id=shop.permissive, quantite_stock=7),
    ]

    answer = await shop.client.post("/api/produits/lots", json={"produits": products})

    ids = [product["id"] for product in answer.json()["produits"]]
    assert await declared(shop) == [
        (str(shop.strict), shop.strict, ids[0], "opening", 5),
        (str(shop.permissive), shop.permissive, ids[2], "opening", 7),
    ]


async def test_stock_without_a_store_is_refused_and_told_what_is_missing(shop: Shop) -> None:
    product = strawberries(quantite_stock=50)

    answer = await shop.client.post("/api/produits/", params=product)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert "magasin_id" in answer.json()["errors"][0]["detail"]


async def test_a_product_of_an_unknown_store_is_not_added(shop: Shop) -> None:
    product = strawberries(sku="F", magasin_id=99)

    one = await shop.client.post("/api/produits/", json=product)
    batch = await shop.client.post(
        "/api/produits/lots", json={"produits": [strawberries(), product]}
    )

    assert (one.status_code, one.json()["code"]) == (404, "magasin-introuvable")
    assert [error["pointer"] for error in batch.json()["errors"]] == ["/produits/1/magasin_id"]
    found = await shop.client.get("/api/produits/recherche", params={"critere": "Fraise"})
    assert found.json() == []


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({}, {"pointer": ""}),
        ({"params": {"nom": "Fraise", "prix": "3.99"}}, {"parameter": "categorie"}),
        ({"params": {"nom": "F", "categorie": "f", "prix": "x"}}, {"parameter": "prix"}),
        ({"params": {"nom": "F", "couleur": "rouge"}}, {"parameter": "couleur"}),
        ({"params": {"nom": "Fraise"}, "json": strawberries()}, {"pointer": ""}),
    ],
)
async def test_an_incomplete_product_is_refused_where_it_is_incomplete(
    shop: Shop, options: Any, place: dict[str, str]
) -> None:
    answer = await shop.client.post("/api/produits/", **options)

    assert answer.status_code == 422
    assert place.items() <= answer.json()["errors"][0].items()


async def test_another_query_under_the_same_key_is_another_request(shop: Shop) -> None:
    key = {"idempotency-key": "fraise"}
    first, second = (strawberries(magasin_id=1, quantite_stock=units) for units in (5, 6))

    made = await shop.client.post("/api/produits/", params=first, headers=key)
    again = await shop.client.post("/api/produits/", params=first, headers=key)
    other = await shop.client.post("/api/produits/", params=second, headers=key)

    assert again.content == made.content
    assert (other.status_code, other.json()["code"]) == (422, "cle-idempotence-reutilisee")
    assert len(await declared(shop)) == 1
