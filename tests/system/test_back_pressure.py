"""When the database is too slow, the consumer waits for it, and its lag grows."""

import asyncio

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

SALES = 30


async def lag(system: RunningSystem) -> tuple[float, float]:
    """Return the lag of the stock service behind the sales, in records and seconds."""
    async with open_client(base_url=system.stack.layout.url("stock-worker")) as client:
        page = (await client.get("/metrics")).text
    seen = {
        sample.name: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.labels.get("topic") == "sales.events.v1"
    }
    return seen["consumer_lag_records"], seen["consumer_lag_seconds"]


async def test_what_the_database_holds_up_is_seen_as_lag_and_then_caught_up(
    chain: Chain, running_system: RunningSystem
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    await chain.receive(store, {product: SALES})

    async def is_behind() -> bool:
        records, seconds = await lag(running_system)
        return records >= SALES and seconds > 1

    async def is_level() -> tuple[float, float]:
        return await lag(running_system)

    engine = create_async_engine(running_system.database_url("stock"))
    async with engine.connect() as other:
        await other.execute(text("LOCK TABLE movements IN ACCESS EXCLUSIVE MODE"))
        sold = await asyncio.gather(*(chain.sell(store, {product: 1}) for _ in range(SALES)))
        assert {answer.status_code for answer in sold} == {201}
        await eventually(is_behind, True)
    await engine.dispose()

    await eventually(is_level, (0.0, 0.0))
    assert await chain.level(store, product) == 0
