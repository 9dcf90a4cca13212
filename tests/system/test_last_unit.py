"""Ten tills ask a strict store for its last unit, or reserve it: one gets it."""

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx

from tests.fixtures.chain import Chain
from tests.fixtures.waiting import eventually

RESERVATIONS = "/api/stock/reservations"


async def reserve(chain: Chain, store: int, product: int, **more: Any) -> httpx.Response:
    lines = [{"produit_id": product, "quantite": 1}]
    body = {"magasin_id": store, "lignes": lines, **more}
    key = {"idempotency-key": str(uuid4())}
    return await chain.stock.post(RESERVATIONS, json=body, headers=key)


async def sell(chain: Chain, store: int, product: int, **more: Any) -> httpx.Response:
    basket = [{"produit_id": product, "quantite": 1}]
    body = {"magasin_id": store, "panier": basket, **more}
    return await chain.sales.post("/api/ventes/", json=body, headers={"prefer": "wait=30"})


async def test_of_ten_sales_of_the_last_unit_one_is_confirmed(chain: Chain) -> None:
    store, product = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {product: 1})

    answers = await asyncio.gather(*(chain.sell(store, {product: 1}) for _ in range(10)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    assert await chain.level(store, product) == 0
    assert sum(each["delta"] for each in await chain.movements(store, product)) == 0
    [sold] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await chain.store_report(store, sold["vente_id"]))["nombre_ventes"] == 1


async def test_the_last_unit_is_sold_to_whoever_has_reserved_it(chain: Chain) -> None:
    store, product = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {product: 1})

    reserved = await asyncio.gather(*(reserve(chain, store, product) for _ in range(10)))
    assert Counter(answer.status_code for answer in reserved) == {201: 1, 409: 9}
    [own] = [each.json()["reservation_id"] for each in reserved if each.status_code == 201]
    answers = await asyncio.gather(
        *(sell(chain, store, product) for _ in range(9)),
        sell(chain, store, product, reservation_id=own),
    )

    *refused, sold = answers
    assert (sold.status_code, {each.status_code for each in refused}) == (201, {409})
    assert {each.json()["code"] for each in refused} == {"stock-insuffisant"}
    assert sold.json()["reservation_id"] == own
    kept = (await chain.stock.get(f"{RESERVATIONS}/{own}")).json()
    assert (kept["statut"], kept["vente_id"]) == ("consommee", sold.json()["vente_id"])
    again = await sell(chain, store, product, reservation_id=own)
    assert (again.status_code, again.json()["code"]) == (409, "reservation-inutilisable")
    assert await chain.level(store, product) == 0


async def test_what_nobody_fetches_is_sold_when_its_time_has_passed(chain: Chain) -> None:
    store, product = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {product: 1})
    own = (await reserve(chain, store, product, expire_dans=1)).json()["reservation_id"]

    async def is_closed() -> bool:
        # The worker has closed it, not only its time has passed.
        return (await chain.stock.get(f"{RESERVATIONS}/{own}")).json()["terminee_a"] is not None

    await eventually(is_closed, True)

    late = await sell(chain, store, product, reservation_id=own)
    assert (late.status_code, late.json()["errors"][0]["detail"]) == (
        409,
        "La réservation a expiré.",
    )
    assert (await sell(chain, store, product)).status_code == 201
