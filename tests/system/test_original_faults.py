"""Faults of the original system that show in the whole system only; here they do not occur.

Each docstring says what the original did. docs/compatibility.md has the tests of its other faults.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.fixtures.chain import Chain

MONTREAL = ZoneInfo("America/Toronto")


async def sold_on(chain: Chain, day: date, store: int, after: str) -> list[tuple[int, float]]:
    """Return number and total of a store's sales of one day, from a report that counts `after`."""
    query: dict[str, str] = {
        "magasin_id": str(store),
        "date_debut": day.isoformat(),
        "date_fin": day.isoformat(),
        "apres_vente": after,
        "attendre_ms": "10000",
    }
    report = (await chain.report.get("/api/rapports/ventes", params=query)).json()
    assert report["a_jour"] is True
    return [(line["nombre_ventes"], line["total_ventes"]) for line in report["rapport"]]


async def test_a_sale_of_the_last_evening_is_in_its_period_and_on_its_day(chain: Chain) -> None:
    """The original took the day in UTC, and a period ended as its last day began."""
    store, product = await chain.open_store("permissive"), await chain.add_product(price=4.5)
    evening = datetime.now(MONTREAL).replace(hour=21, minute=30, second=0) - timedelta(days=1)
    yesterday, today = evening.date(), evening.date() + timedelta(days=1)
    body = {
        "magasin_id": store,
        "date": evening.isoformat(),
        "panier": [{"produit_id": product, "quantite": 2}],
    }

    sold = await chain.sales.post("/api/ventes/", json=body)

    assert (sold.status_code, sold.json()["date_affaires"]) == (201, yesterday.isoformat())
    sale = sold.json()["vente_id"]
    assert await sold_on(chain, yesterday, store, sale) == [(1, 9.0)]
    assert await sold_on(chain, today, store, sale) == []


async def test_a_store_that_is_deleted_keeps_its_history(chain: Chain) -> None:
    """The original deleted a store's sales with it, also from the reports of former days."""
    store, product = await chain.open_store("permissive"), await chain.add_product(price=4.5)
    await chain.receive(store, {product: 5})
    sale = (await chain.sell(store, {product: 2})).json()["vente_id"]
    before = await chain.store_report(store, after=sale)

    deleted = await chain.sales.delete(f"/api/magasins/{store}")

    assert deleted.status_code == 200
    listed = (await chain.sales.get("/api/ventes/", params={"magasin_id": store})).json()
    assert [each["id"] for each in listed] == [sale]
    # This event follows that of the store on its way to the report.
    other = await chain.open_store("permissive")
    after = (await chain.sell(other, {product: 1})).json()["vente_id"]
    line = await chain.store_report(store, after=after)
    assert line == before
    assert sum(each["delta"] for each in await chain.movements(store, product)) == 3


async def test_a_line_keeps_its_price_and_sums_are_exact(chain: Chain) -> None:
    """The original computed in floats, and a line had no price that a later one leaves alone."""
    store = await chain.open_store("permissive")
    dime, fifth = await chain.add_product(price=0.1), await chain.add_product(price=0.2)
    sold = (await chain.sell(store, {dime: 1, fifth: 1})).json()

    changed = await chain.sales.put(f"/api/produits/{dime}", json={"prix": 7.0})
    after = (await chain.sell(store, {dime: 1})).json()["vente_id"]

    assert changed.status_code == 200
    receipt = (await chain.sales.get(f"/api/ventes/{sold['vente_id']}")).json()
    assert [line["prix_unitaire"] for line in receipt["lignes"]] == [0.1, 0.2]
    # In floats, 0.1 + 0.2 is 0.30000000000000004.
    assert (sold["total"], receipt["total"]) == (0.3, 0.3)
    assert (await chain.store_report(store, after=after))["total_ventes"] == 7.3
