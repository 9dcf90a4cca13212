"""Sends a till's requests, repeated while faults happen until their answers are final."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from infra.tools.rest import AGAIN_CODES, AGAIN_STATUSES, ON_ITS_WAY_CODES
from tests.system.faults.history import History, Operation, Outcome

PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.2  # pause before a retry
# Somebody else has done it.
DONE_BEFORE = {"vente-introuvable", "demande-introuvable"}


async def patiently(attempt: Callable[[], Awaitable[bool]]) -> bool:
    """Repeat an attempt until it is final; return whether that took not too long."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE_SECONDS
    while not await attempt():
        if clock.time() > deadline:
            return False
        await asyncio.sleep(PAUSE_SECONDS)
    return True


class Client:
    """Sends operations under their keys, and notes in the history how they end."""

    def __init__(self, http: httpx.AsyncClient, history: History) -> None:
        self._http = http
        self._history = history

    async def insist(
        self,
        operation: Operation,
        url: str,
        body: dict[str, Any],
        headers: dict[str, str],
        method: str = "POST",
    ) -> None:
        """Repeat a request until its answer is final."""
        if not await patiently(lambda: self.send(operation, url, body, headers, method)):
            self._history.surprises.append(f"{operation.key}: no answer for {PATIENCE_SECONDS} s")

    async def send(
        self,
        operation: Operation,
        url: str,
        body: dict[str, Any],
        headers: dict[str, str],
        method: str = "POST",
    ) -> bool:
        """Send once; tell whether the answer is final."""
        operation.attempts += 1
        try:
            answer = await self._http.request(
                method, url, json=body, headers=headers | {"idempotency-key": operation.key}
            )
        except httpx.TransportError:
            return False
        if answer.status_code in AGAIN_STATUSES:
            return False
        content = answer.json()
        if answer.status_code in (200, 201):
            operation.outcome = Outcome.DONE
            operation.answers.append(content)
            return True
        if answer.status_code == 202:
            return False  # not decided: ask for the outcome with the same key
        code = content.get("code")
        if answer.status_code == 412 and operation.attempts > 1:
            # Nobody else changes the product: an earlier attempt did, and its answer was lost.
            operation.outcome = Outcome.DONE
            return True
        if code in AGAIN_CODES | ON_ITS_WAY_CODES:
            return False
        if answer.status_code == 409 or code in DONE_BEFORE:
            operation.outcome, operation.refusal = Outcome.REFUSED, code
            return True
        self._history.surprises.append(f"{operation.key}: {answer.status_code} {answer.text[:300]}")
        return True
