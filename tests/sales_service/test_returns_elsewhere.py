"""Goods come back to another store than the one that sold them, or to one that may not."""

from tests.sales_service.conftest import Shop
from tests.sales_service.test_returns import bring_back, rows, sold, units
from tests.sales_service.test_scopes import give, refused


async def test_another_store_takes_goods_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 2))
    other = await give(shop, sites=[shop.strict])

    hidden = await bring_back(shop, sale, units((1, 1)), **other)
    assert refused(hidden) == (404, "vente-introuvable")
    foreign = await bring_back(shop, sale, units((1, 1), magasin_id=shop.permissive), **other)
    assert refused(foreign) == (403, "hors-portee")
    answer = await bring_back(shop, sale, units((1, 1), magasin_id=shop.strict), **other)

    assert answer.status_code == 201
    returned = answer.json()
    # Number and money are this store's; the taxes are those that were paid.
    assert returned["numero"] == f"{shop.strict}-R000001"
    assert (returned["magasin_id"], returned["vente_magasin_id"]) == (shop.strict, shop.permissive)
    assert [tax["code"] for tax in returned["taxes"]] == ["TPS", "TVQ"]
    for store, status in ((shop.strict, 200), (shop.permissive, 404)):
        key = await give(shop, sites=[store])
        read = await shop.client.get(f"/api/retours/{returned['id']}", headers=key)
        assert read.status_code == status
    [row] = await rows(shop, "SELECT key FROM outbox WHERE type = 'sales.return-recorded.v1'")
    assert row.key == str(shop.strict)


async def test_a_store_of_another_currency_cannot_take_goods_back(shop: Shop) -> None:
    store = {"nom": "Brest", "devise": "EUR"}
    abroad = (await shop.client.post("/api/magasins/", json=store)).json()["id"]
    sale = await sold(shop, (shop.coffee, 1))

    answer = await bring_back(shop, sale, units((1, 1), magasin_id=abroad))

    assert refused(answer) == (409, "autre-devise")


async def test_a_closed_store_and_a_centre_take_nothing_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    centre = {"nom": "Centre", "type": "centre_logistique"}
    centre_id = (await shop.client.post("/api/magasins/", json=centre)).json()["id"]
    await shop.client.delete(f"/api/magasins/{shop.strict}")

    async def brought_to(store: int) -> tuple[int, str]:
        return refused(await bring_back(shop, sale, units((1, 1), magasin_id=store)))

    assert await brought_to(shop.strict) == (409, "magasin-ferme")
    assert await brought_to(centre_id) == (409, "magasin-sans-vente")
    assert await brought_to(9999) == (404, "magasin-introuvable")
