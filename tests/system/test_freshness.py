"""A report says that it is stale while sales do not reach Kafka."""

from datetime import datetime

from tests.fixtures.chain import Chain
from tests.fixtures.processes import frozen
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

REPORT = "/api/ventes/rapport"


async def test_a_report_is_not_complete_while_sales_do_not_reach_kafka(
    chain: Chain, running_system: RunningSystem
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()

    async def covers_the_sale() -> bool:
        until = (await chain.report.get(REPORT)).json()["complet_jusqua"]
        return datetime.fromisoformat(until) > datetime.fromisoformat(sold_at)

    async def is_late() -> bool:
        return int((await chain.report.get(REPORT)).json()["retard_ms"]) > 5000

    with frozen(running_system.stack.pid("sales-worker")):
        answer = await chain.sell(store, {product: 1})
        sold_at = answer.json()["date"]
        await eventually(is_late, True)

        assert answer.status_code == 201
        assert not await covers_the_sale()
        unchanged = await chain.report.get(REPORT, headers={"if-none-match": "*"})
        assert (unchanged.status_code, int(unchanged.headers["retard-ms"]) > 5000) == (304, True)

    await eventually(covers_the_sale, True)
    await chain.store_report(store, answer.json()["vente_id"])
