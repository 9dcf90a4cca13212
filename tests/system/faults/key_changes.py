"""The head office changes API keys while faults happen; in the end all services agree on them."""

import asyncio
from random import Random

import httpx

from infra.tools.local.layout import SERVICES
from tests.system.faults.head_office import PAUSE_SECONDS, HeadOffice
from tests.system.faults.history import History
from tests.system.faults.lab import Lab

LEAST_KEYS = 3
SHARE_REVOKED = 0.6


class KeyOffice:
    """Creates keys, rotates them, lets them expire and revokes most of them, one by one."""

    def __init__(self, http: httpx.AsyncClient, url: str, history: History, name: str) -> None:
        self._office = HeadOffice(
            http, f"{url}/api/cles/", history, done=("cle-existante", "trop-de-secrets")
        )
        self._history = history
        self._name = name

    async def run(self, random: Random, until: asyncio.Event) -> None:
        """Work until the faults are over, and for some keys at least."""
        number = 0
        while number < LEAST_KEYS or not until.is_set():
            await self._live_a_life(f"key-{self._name}-{number}", random)
            number += 1

    async def _live_a_life(self, name: str, random: Random) -> None:
        path = f"{name}/till"
        if not await self._office.insist("POST", "", {"nom": name, "role": "till"}):
            return
        self._history.keys[path] = False
        await self._office.insist("POST", f"{path}/rotation", {"chevauchement_heures": 1})
        await self._office.insist("PUT", path, {"expire_le": "2099-12-31T00:00:00Z"})
        if random.random() < SHARE_REVOKED and await self._office.insist("DELETE", path):
            self._history.keys[path] = True
        await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))


async def judge_keys(lab: Lab, history: History) -> list[str]:
    """Check that each service has the keys that were created, and none that was revoked."""
    found = []
    for service in SERVICES:
        async with lab.connection(service) as connection:
            rows = await connection.fetch(
                "SELECT client_id, revoked_at FROM api_keys WHERE client_id = ANY($1)",
                list(history.keys),
            )
        stored = {row["client_id"]: row["revoked_at"] is not None for row in rows}
        found += [
            f"key {client}: revoked {stored.get(client)} in {service}, answered {is_revoked}"
            for client, is_revoked in history.keys.items()
            if stored.get(client) is not is_revoked
        ]
    return found
