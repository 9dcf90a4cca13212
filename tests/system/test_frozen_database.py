"""A hanging PostgreSQL neither answers nor refuses: the API still answers in time."""

from tests.fixtures.chain import Chain
from tests.fixtures.processes import frozen
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually


async def test_a_sale_is_refused_in_time_and_does_not_happen_later(
    chain: Chain, running_system: RunningSystem
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    await chain.receive(store, {product: 5})

    with frozen(running_system.stack.pid("postgresql")):
        answer = await chain.sell(store, {product: 1})

    assert answer.status_code == 503
    assert answer.headers["retry-after"]

    async def is_back() -> bool:
        return (await chain.sell(store, {product: 2})).status_code == 201

    await eventually(is_back, True)
    sales = (await chain.sales.get("/api/ventes/", params={"magasin_id": store})).json()
    assert [sale["total"] for sale in sales] == [20.0]
    # The next tests need events that arrive within a second.
    await eventually(chain.is_flowing, True)
