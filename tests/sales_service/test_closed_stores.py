"""A closed store sells nothing; its history stays, and it can be reopened."""

from tests.sales_service.conftest import Shop


async def close(shop: Shop) -> None:
    answer = await shop.client.delete(f"/api/magasins/{shop.permissive}")
    assert (answer.status_code, answer.json()["actif"]) == (200, False)


async def test_a_closed_store_sells_nothing(shop: Shop) -> None:
    await shop.sell((shop.coffee, 1))  # this process has cached the store
    await close(shop)

    answer = await shop.sell((shop.coffee, 1))

    assert (answer.status_code, answer.json()["code"]) == (409, "magasin-ferme")


async def test_the_sales_of_a_closed_store_stay_and_are_repeated(shop: Shop) -> None:
    key = {"idempotency-key": "before"}
    sold = (await shop.sell((shop.coffee, 1), headers=key)).json()
    await close(shop)

    again = await shop.sell((shop.coffee, 1), headers=key)

    assert (again.status_code, again.json()["vente_id"]) == (201, sold["vente_id"])
    sales = (await shop.client.get("/api/ventes/", params={"magasin_id": shop.permissive})).json()
    assert [sale["id"] for sale in sales] == [sold["vente_id"]]


async def test_a_closed_store_leaves_the_list_and_is_found_among_the_closed(shop: Shop) -> None:
    await close(shop)

    listed = (await shop.client.get("/api/magasins/")).json()
    closed = (await shop.client.get("/api/magasins/?actif=false")).json()

    assert [store["id"] for store in listed] == [shop.strict]
    assert [store["id"] for store in closed] == [shop.permissive]


async def test_a_reopened_store_sells(shop: Shop) -> None:
    await close(shop)

    opened = await shop.client.put(f"/api/magasins/{shop.permissive}", json={"actif": True})

    assert (opened.status_code, opened.json()["actif"]) == (200, True)
    assert (await shop.sell((shop.coffee, 1))).status_code == 201


async def test_closing_twice_changes_once(shop: Shop) -> None:
    first = await shop.client.delete(f"/api/magasins/{shop.strict}")
    second = await shop.client.delete(f"/api/magasins/{shop.strict}")
    unknown = await shop.client.delete("/api/magasins/99")

    assert second.json() == first.json()
    assert (unknown.status_code, unknown.json()["code"]) == (404, "magasin-introuvable")


async def test_a_store_that_becomes_a_centre_sells_nothing(shop: Shop) -> None:
    await shop.sell((shop.coffee, 1))  # this process has cached the store
    url = f"/api/magasins/{shop.permissive}"

    changed = await shop.client.put(url, json={"type": "centre_logistique"})

    assert (changed.status_code, changed.json()["type"]) == (200, "centre_logistique")
    refused = await shop.sell((shop.coffee, 1))
    assert (refused.status_code, refused.json()["code"]) == (409, "magasin-sans-vente")
    await shop.client.put(url, json={"type": "magasin"})
    assert (await shop.sell((shop.coffee, 1))).status_code == 201
