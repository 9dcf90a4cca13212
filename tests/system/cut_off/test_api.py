"""An API whose packets to PostgreSQL are lost for good refuses in time."""

import asyncio
from time import monotonic
from uuid import uuid4

import httpx

from tests.fixtures.chain import Chain
from tests.fixtures.waiting import eventually
from tests.system.cut_off.split import READY_SECONDS, Split

REQUESTS = 30
# A statement on a connection that was open: as docs/limits.md tells. Later ones need new ones.
FIRST_SECONDS = 15.0
LATER_SECONDS = 6.0


async def test_an_api_that_is_cut_off_refuses_in_time_and_recovers(
    split: Split, near: Chain, far: Chain
) -> None:
    store, product = await near.open_store("permissive"), await near.add_product()
    await near.receive(store, {product: 2 * REQUESTS})
    keys = [str(uuid4()) for _ in range(REQUESTS)]

    async def sell(key: str) -> tuple[httpx.Response, float]:
        begun = monotonic()
        answer = await far.sell(store, {product: 1}, **{"idempotency-key": key})
        return answer, monotonic() - begun

    async def list_sales(_: str) -> tuple[httpx.Response, float]:
        begun = monotonic()
        answer = await far.sales.get("/api/ventes/", params={"magasin_id": store})
        return answer, monotonic() - begun

    opened = await asyncio.gather(*(sell(str(uuid4())) for _ in range(REQUESTS)))
    assert {answer.status_code for answer, _ in opened} == {201}

    split.cut_off("postgresql")

    for longest in (FIRST_SECONDS, LATER_SECONDS):
        refused = await asyncio.gather(*map(sell, keys), *map(list_sales, keys))
        assert {answer.status_code for answer, _ in refused} == {503}
        assert all(answer.headers["retry-after"] for answer, _ in refused)
        assert max(seconds for _, seconds in refused) < longest

    split.side.restore()

    await eventually(split.is_whole, True, READY_SECONDS)
    sold = await asyncio.gather(*map(sell, keys))
    assert {answer.status_code for answer, _ in sold} == {201}

    async def level() -> int:
        return await near.level(store, product)

    await eventually(level, 0)
