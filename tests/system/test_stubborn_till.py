"""A till that repeats its request through every fault gets one sale and always the same answer."""

import asyncio
import json
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.chain import Chain
from tests.fixtures.processes import frozen
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

AT_ONCE = 3
ROUNDS_AT_LEAST = 2
# The permitted answers before the final one: retry later, still running, or not decided yet.
NOT_YET = {202, 409, 502, 503, 504}


@dataclass
class StubbornTill:
    """Sends one sale again and again, from several connections at once."""

    system: RunningSystem
    body: bytes
    key: str
    successes: list[httpx.Response] = field(default_factory=list)
    others: list[httpx.Response] = field(default_factory=list)
    unanswered: int = 0

    async def insist(self, until: asyncio.Event) -> None:
        """Repeat until told to stop, at least twice."""
        rounds = 0
        while rounds < ROUNDS_AT_LEAST or not until.is_set():
            await asyncio.gather(*(self._send() for _ in range(AT_ONCE)))
            rounds += 1
            # A till pauses between two attempts; here the pause is short.
            await asyncio.sleep(0.25)

    async def _send(self) -> None:
        headers = {
            "idempotency-key": self.key,
            "content-type": "application/json",
            "prefer": "wait=1",
        }
        try:
            async with self.system.client(self.system.sales_url, "till") as client:
                answer = await client.post("/api/ventes/", content=self.body, headers=headers)
        except httpx.TransportError:
            self.unanswered += 1
            return
        (self.successes if answer.status_code == 201 else self.others).append(answer)


async def kill_and_wait(system: RunningSystem, *names: str) -> None:
    pids = {name: system.stack.pid(name) for name in names}
    for name in names:
        system.kill(name)

    async def are_back() -> bool:
        return all(system.stack.pid(name) not in (0, pid) for name, pid in pids.items())

    async def is_whole() -> bool:
        return not await system.stack.unready()

    await eventually(are_back, True)
    await eventually(is_whole, True, within_seconds=60)


@pytest.mark.parametrize("policy", ["strict", "permissive"])
async def test_a_till_that_retries_through_everything_gets_one_sale_and_the_same_answer(
    chain: Chain, running_system: RunningSystem, policy: str
) -> None:
    store, product = await chain.open_store(policy), await chain.add_product()
    await chain.receive(store, {product: 10})
    lines = [{"produit_id": product, "quantite": 3}]
    body = json.dumps({"magasin_id": store, "panier": lines}).encode()
    till = StubbornTill(running_system, body, f"caisse-1/{uuid4()}")
    stack, over = running_system.stack, asyncio.Event()

    with frozen(stack.pid("kafka")):
        insisting = asyncio.create_task(till.insist(over))

        async def answered() -> bool:
            return bool(till.successes or till.others)

        await eventually(answered, True)
        running_system.kill("sales-api")
    await kill_and_wait(running_system, "sales-worker", "stock-worker")
    with frozen(stack.pid("postgresql")):
        refused_before = len(till.others)

        async def was_refused() -> bool:
            return len(till.others) > refused_before

        await eventually(was_refused, True)
    await kill_and_wait(running_system, "sales-api")
    await kill_and_wait(running_system, "postgresql")
    await kill_and_wait(running_system, "kafka")

    async def was_sold() -> bool:
        return len(till.successes) >= ROUNDS_AT_LEAST

    # The workers may still be joining their groups when all processes are ready.
    await eventually(was_sold, True, within_seconds=60)
    over.set()
    await insisting

    assert till.unanswered, "no fault has met a request"
    assert not [answer.text for answer in till.others if answer.status_code not in NOT_YET]
    said = {
        (answer.json()["vente_id"], answer.json()["numero"], answer.json()["total"])
        for answer in till.successes
    }
    assert len(said) == 1, said
    assert len({answer.content for answer in till.successes}) == 1
    sales = (await chain.sales.get("/api/ventes/", params={"magasin_id": store})).json()
    assert [(sale["id"], sale["numero"], sale["total"]) for sale in sales] == list(said)

    [(sale_id, _, _)] = said
    reported = await chain.store_report(store, sale_id)
    assert (reported["nombre_ventes"], reported["total_ventes"]) == (1, 30.0)

    async def level() -> int:
        return await chain.level(store, product)

    await eventually(level, 7)
    await eventually(chain.is_flowing, True)
