"""A product that many clients count at a time ends at the last count."""

import asyncio
import time

from tests.fixtures.chain import Chain
from tests.fixtures.waiting import eventually

CLIENTS = 10
SECONDS = 5.0


async def test_ten_clients_count_a_product_without_losing_an_update(chain: Chain) -> None:
    store = await chain.open_store()
    made = {"nom": "Fraise", "categorie": "fruit", "prix": 1, "magasin_id": store}
    product = (await chain.sales.post("/api/produits/", json=made)).json()["id"]
    counts: dict[int, int] = {}
    until = time.monotonic() + SECONDS

    async def count(client: int) -> None:
        number = 0
        while time.monotonic() < until:
            units = CLIENTS * number + client
            change = {"nom": f"Fraise {units}", "prix": 9.99, "quantite_stock": units}
            answer = await chain.sales.put(f"/api/produits/{product}", json=change)
            assert answer.status_code == 200, answer.text
            counts[answer.json()["version"]] = units
            number += 1

    async with asyncio.TaskGroup() as clients:
        for client in range(CLIENTS):
            clients.create_task(count(client))

    assert sorted(counts) == list(range(2, len(counts) + 2)), "each change has its own version"
    await eventually(lambda: chain.level(store, product), counts[max(counts)])
