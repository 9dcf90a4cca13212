"""A sale's way through all six processes, over real Kafka and PostgreSQL."""

from tests.fixtures.chain import Chain
from tests.fixtures.waiting import eventually


async def test_a_strict_sale_is_confirmed_taken_from_stock_and_reported(chain: Chain) -> None:
    store = await chain.open_store()
    coffee, tea = await chain.add_product(4.5), await chain.add_product(2.25)
    await chain.receive(store, {coffee: 10, tea: 5})

    answer = await chain.sell(store, {coffee: 3, tea: 2})

    assert answer.status_code == 201
    sale = answer.json()
    assert (sale["statut"], sale["total"]) == ("confirmee", 18.0)
    assert (await chain.level(store, coffee), await chain.level(store, tea)) == (7, 3)
    reported = await chain.store_report(store, sale["vente_id"])
    assert (reported["nombre_ventes"], reported["total_ventes"]) == (1, 18.0)


async def test_a_strict_sale_beyond_the_stock_names_every_missing_line(chain: Chain) -> None:
    store = await chain.open_store()
    coffee, tea, milk = [await chain.add_product() for _ in range(3)]
    await chain.receive(store, {coffee: 1, tea: 9})

    answer = await chain.sell(store, {coffee: 2, tea: 1, milk: 1})

    assert answer.status_code == 409
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "/panier/0/quantite",
        "/panier/2/quantite",
    }
    assert (await chain.level(store, coffee), await chain.level(store, tea)) == (1, 9)


async def test_a_permissive_store_sells_more_than_the_system_has(chain: Chain) -> None:
    store, coffee = await chain.open_store("permissive"), await chain.add_product()
    await chain.receive(store, {coffee: 1})

    answer = await chain.sell(store, {coffee: 3})

    assert (answer.status_code, answer.json()["statut"]) == (201, "confirmee")
    await chain.store_report(store, answer.json()["vente_id"])

    async def level() -> int:
        return await chain.level(store, coffee)

    await eventually(level, -2)


async def test_a_till_that_does_not_wait_finds_the_outcome_later(chain: Chain) -> None:
    store, coffee = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {coffee: 1})

    answer = await chain.sell(store, {coffee: 1}, prefer="respond-async")

    assert answer.status_code == 202
    location = answer.headers["location"]

    async def status() -> str:
        return str((await chain.sales.get(location)).json()["statut"])

    await eventually(status, "confirmee")


async def test_a_repeated_request_sells_once(chain: Chain) -> None:
    store, coffee = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {coffee: 5})
    key = f"essai-{store}"

    first = await chain.sell(store, {coffee: 2}, **{"idempotency-key": key})
    again = await chain.sell(store, {coffee: 2}, **{"idempotency-key": key})
    other = await chain.sell(store, {coffee: 1}, **{"idempotency-key": key})

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert again.json() == first.json()
    assert await chain.level(store, coffee) == 3


async def test_a_refused_sale_stays_refused_when_goods_come_and_says_how_to_sell(
    chain: Chain,
) -> None:
    store, coffee = await chain.open_store(), await chain.add_product()
    key, other = ({"idempotency-key": f"{name}-{store}"} for name in ("essai", "autre"))
    refused = await chain.sell(store, {coffee: 2}, **key)
    await chain.receive(store, {coffee: 5})

    again = await chain.sell(store, {coffee: 2}, **key)
    sold = await chain.sell(store, {coffee: 2}, **other)

    assert (refused.status_code, again.status_code, sold.status_code) == (409, 409, 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert "un autre Idempotency-Key" in again.json()["detail"]
    # What was there then, not what is there now.
    assert again.json()["errors"][0]["detail"] == "Il en restait 0."
    assert await chain.level(store, coffee) == 3


async def test_a_void_and_a_return_reach_the_report(chain: Chain) -> None:
    store, coffee = await chain.open_store("permissive"), await chain.add_product(4.5)
    await chain.receive(store, {coffee: 10})
    kept, undone = [(await chain.sell(store, {coffee: 2})).json() for _ in range(2)]

    void = await chain.sales.post(
        f"/api/ventes/{undone['vente_id']}/annulation", json={"motif": "Erreur"}
    )
    back = await chain.sales.post(
        f"/api/ventes/{kept['vente_id']}/retours",
        json={"lignes": [{"ligne": 1, "quantite": 1}]},
        headers={"idempotency-key": f"retour-{store}"},
    )
    assert (void.status_code, back.status_code) == (200, 201), (void.text, back.text)

    query: dict[str, str] = {
        "magasin_id": str(store),
        "apres_vente": kept["vente_id"],
        "apres_annulation": undone["vente_id"],
        "apres_retour": back.json()["retour_id"],
        "attendre_ms": "10000",
    }
    report = (await chain.report.get("/api/rapports/ventes", params=query)).json()
    assert report["a_jour"] is True
    assert (report["total_ventes"], report["nombre_ventes"]) == (4.5, 1)
    assert (report["annulations"], report["retours"]) == (9.0, 4.5)
    journal = (await chain.report.get("/api/journal", params={"magasin_id": store})).json()
    assert [entry["type"] for entry in journal[:2]] == [
        "retour_enregistre",
        "vente_confirmee_annulee",
    ]
