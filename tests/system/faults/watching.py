"""Somebody changes the limits of levels while these move, and takes note of alerts.

The audit says whether the open alerts are those of the levels and their limits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.system.faults.history import Operation

if TYPE_CHECKING:
    from random import Random

    from tests.system.faults.client import Client
    from tests.system.faults.goods import Goods
    from tests.system.faults.history import History

LEAST_ROUNDS = 6
# Around what stores open with, so that sales and receptions cross them.
LOW, HIGH = range(20, 41), range(41, 61)
PAUSE_SECONDS = 0.5


class LimitsOffice:
    """Sets thresholds of the chain, of stores, of products, and of a product in a store."""

    def __init__(self, client: Client, url: str, history: History, goods: Goods) -> None:
        self._client = client
        self._url = url
        self._history = history
        self._goods = goods

    async def run(self, random: Random, name: str, until: asyncio.Event) -> None:
        """Change limits until the faults are over."""
        done = 0
        while done < LEAST_ROUNDS or not until.is_set():
            body: dict[str, Any] = {
                "magasin_id": random.choice([None, *self._history.stores]),
                "seuil": random.choice(LOW),
                "maximum": random.choice(HIGH),
            }
            if random.random() < 0.5:
                [body["produit_id"]] = self._goods.choose(random, 1)
            await self._ask(f"{name}-limits-{done}", "/api/stock/seuils", body, "PUT")
            await self._acknowledge(random, f"{name}-alerts-{done}")
            done += 1
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def _acknowledge(self, random: Random, key: str) -> None:
        listing = await self._ask(key, "/api/stock/alertes?acquittee=false", {}, "GET")
        if listing.answers and (alerts := listing.answers[0]["alertes"]):
            alert_id = random.choice(alerts)["alerte_id"]
            # It may have closed since: then it is refused.
            await self._ask(f"{key}-note", f"/api/stock/alertes/{alert_id}/acquittement", {})

    async def _ask(
        self, key: str, path: str, body: dict[str, Any], method: str = "POST"
    ) -> Operation:
        operation = Operation(key, 0, {})
        await self._client.insist(operation, self._url + path, body, {}, method)
        return operation
