"""Ten tills ask a strict store for its last unit: one gets it."""

import asyncio
from collections import Counter

from tests.fixtures.chain import Chain


async def test_of_ten_sales_of_the_last_unit_one_is_confirmed(chain: Chain) -> None:
    store, product = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {product: 1})

    answers = await asyncio.gather(*(chain.sell(store, {product: 1}) for _ in range(10)))

    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 9}
    assert await chain.level(store, product) == 0
    assert sum(each["delta"] for each in await chain.movements(store, product)) == 0
    [sold] = [answer.json() for answer in answers if answer.status_code == 201]
    assert (await chain.store_report(store, sold["vente_id"]))["nombre_ventes"] == 1
