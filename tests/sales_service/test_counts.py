"""A changed product with `quantite_stock`: a count in a store."""

from tests.sales_service.conftest import Shop
from tests.sales_service.test_opening_stock import declared, strawberries


async def test_a_count_is_of_the_store_that_the_product_was_made_for(shop: Shop) -> None:
    made = strawberries(magasin_id=shop.strict)
    product = (await shop.client.post("/api/produits/", json=made)).json()["id"]

    answer = await shop.client.put(
        f"/api/produits/{product}", json={"prix": 9.99, "quantite_stock": 100}
    )

    assert (answer.status_code, answer.json()["prix"]) == (200, 9.99)
    assert await declared(shop) == [(str(shop.strict), shop.strict, product, "count", 100)]


async def test_a_count_may_name_another_store_and_change_nothing_else(shop: Shop) -> None:
    count = {"quantite_stock": 0, "magasin_id": shop.permissive}

    answer = await shop.client.put(f"/api/produits/{shop.coffee}", json=count)

    assert answer.status_code == 200
    assert await declared(shop) == [
        (str(shop.permissive), shop.permissive, shop.coffee, "count", 0)
    ]


async def test_a_count_of_no_store_is_refused_and_changes_nothing(shop: Shop) -> None:
    answer = await shop.client.put(
        f"/api/produits/{shop.coffee}", json={"prix": 1, "quantite_stock": 5}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "magasin-a-preciser")
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == "/magasin_id"
    listed = (await shop.client.get("/api/produits/recherche?critere=moulu")).json()
    assert [product["prix"] for product in listed] == [12.5]


async def test_a_count_of_an_unknown_store_is_refused(shop: Shop) -> None:
    answer = await shop.client.put(
        f"/api/produits/{shop.coffee}", json={"quantite_stock": 5, "magasin_id": 99}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "magasin-introuvable")
    assert await declared(shop) == []


async def test_a_store_without_a_count_says_nothing(shop: Shop) -> None:
    answer = await shop.client.put(f"/api/produits/{shop.coffee}", json={"magasin_id": 1})

    assert answer.status_code == 422
    assert "quantite_stock" in answer.json()["errors"][0]["detail"]
