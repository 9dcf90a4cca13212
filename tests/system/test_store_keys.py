"""A key of one store is known to all services, and opens that store in each of them."""

from infra.tools.local.keys import ensure_store_key
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem


async def test_the_key_of_a_store_opens_it_in_all_services(
    chain: Chain, running_system: RunningSystem
) -> None:
    own, foreign = await chain.open_store("permissive"), await chain.open_store("permissive")
    product = await chain.add_product()
    for store in own, foreign:
        await chain.receive(store, {product: 3})

    key = await ensure_store_key(running_system.stack.layout, "manager", own)

    token = {"x-token": key}
    assert await ensure_store_key(running_system.stack.layout, "manager", own) == key
    sold = [await chain.sell(store, {product: 1}, **token) for store in (own, foreign)]
    assert [answer.status_code for answer in sold] == [201, 403]
    read = [
        await chain.stock.get(f"/api/magasins/{store}/stock", headers=token)
        for store in (own, foreign)
    ]
    assert [answer.status_code for answer in read] == [200, 404]
    reported = [
        await chain.report.get("/api/rapports/ventes", params={"magasin_id": store}, headers=token)
        for store in (own, foreign)
    ]
    assert [answer.status_code for answer in reported] == [200, 403]
