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
