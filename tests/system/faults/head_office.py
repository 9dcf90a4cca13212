"""The head office's requests, repeated while faults happen until their answers are final."""

import asyncio
from collections.abc import Collection
from typing import Any

import httpx

from infra.tools.rest import AGAIN_CODES, AGAIN_STATUSES
from tests.system.faults.history import History

PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.2


class HeadOffice:
    """Calls one list of the sales service; `done` are the refusals of what is done already."""

    def __init__(
        self, http: httpx.AsyncClient, url: str, history: History, done: Collection[str] = ()
    ) -> None:
        self._http = http
        self._url = url
        self._history = history
        self._done = done

    async def insist(self, method: str, path: str, body: dict[str, Any] | None = None) -> bool:
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
        if not answer.is_success and code not in self._done:
            self._note(method, path, f"{answer.status_code} {answer.text[:300]}")
        return True

    def _note(self, method: str, path: str, surprise: str) -> None:
        self._history.surprises.append(f"{method} {self._url}{path}: {surprise}")
