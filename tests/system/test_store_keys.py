"""A key is known to all services, and opens its store in each of them."""

from functools import partial

from infra.tools.local.keys import ensure_store_key
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually


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


async def test_a_key_of_the_head_office_opens_all_services_until_it_is_revoked(
    chain: Chain,
) -> None:
    store = await chain.open_store("permissive")
    await chain.receive(store, {await chain.add_product(): 3})
    name = f"manager-{store}"
    path = f"/api/cles/{name}/manager"

    async def statuses(secret: str) -> list[int]:
        token = {"x-token": secret}
        query = {"magasin_id": store}
        answers = [
            await chain.sales.get("/api/ventes/", params=query, headers=token),
            await chain.stock.get(f"/api/magasins/{store}/stock", headers=token),
            await chain.report.get("/api/rapports/ventes", params=query, headers=token),
        ]
        return [answer.status_code for answer in answers]

    body = {"nom": name, "role": "manager", "magasins": [store]}
    first = (await chain.sales.post("/api/cles/", json=body)).json()["cle"]
    await eventually(lambda: statuses(first), [200, 200, 200])
    rotation = {"chevauchement_heures": 1}
    second = (await chain.sales.post(f"{path}/rotation", json=rotation)).json()["cle"]
    await eventually(lambda: statuses(second), [200, 200, 200])
    assert await statuses(first) == [200, 200, 200]

    assert (await chain.sales.delete(path)).status_code == 200

    for secret in first, second:
        await eventually(partial(statuses, secret), [401, 401, 401])
