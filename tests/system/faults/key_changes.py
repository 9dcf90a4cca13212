"""The head office changes API keys while faults happen; in the end all services agree on them."""

import asyncio
from random import Random
from typing import Any

import httpx

from infra.tools.local.layout import SERVICES
from infra.tools.rest import AGAIN_CODES, AGAIN_STATUSES
from tests.system.faults.history import History
from tests.system.faults.lab import Lab

LEAST_KEYS = 3
PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.2
SHARE_REVOKED = 0.6


class KeyOffice:
    """Creates keys, rotates them, lets them expire and revokes most of them, one by one."""

    def __init__(self, http: httpx.AsyncClient, url: str, history: History, name: str) -> None:
        self._http = http
        self._url = f"{url}/api/cles/"
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
        if not await self._insist("POST", "", {"nom": name, "role": "till"}):
            return
        self._history.keys[path] = False
        await self._insist("POST", f"{path}/rotation", {"chevauchement_heures": 1})
        await self._insist("PUT", path, {"expire_le": "2099-12-31T00:00:00Z"})
        if random.random() < SHARE_REVOKED and await self._insist("DELETE", path):
            self._history.keys[path] = True
        await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))

    async def _insist(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
        """Repeat a request until its answer is final; return whether it has taken effect."""
        clock = asyncio.get_running_loop()
        deadline = clock.time() + PATIENCE_SECONDS
        while not await self._send(method, path, body):
            if clock.time() > deadline:
                self._note(method, path, f"no answer for {PATIENCE_SECONDS} s")
                return False
            await asyncio.sleep(PAUSE_SECONDS)
        return True

    async def _send(self, method: str, path: str, body: dict[str, Any] | None) -> bool:
        try:
            answer = await self._http.request(method, self._url + path, json=body)
        except httpx.TransportError:
            return False
        if answer.status_code in AGAIN_STATUSES:
            return False
        code = None if answer.is_success else answer.json().get("code")
        if code in AGAIN_CODES:
            return False
        # The answer to an earlier attempt was lost.
        if not answer.is_success and code not in ("cle-existante", "trop-de-secrets"):
            self._note(method, path, f"{answer.status_code} {answer.text[:300]}")
        return True

    def _note(self, method: str, path: str, surprise: str) -> None:
        self._history.surprises.append(f"{method} /api/cles/{path}: {surprise}")


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
