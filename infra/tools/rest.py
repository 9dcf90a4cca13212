"""Calls the REST APIs as tills and the head office do: with a key, and again after a fault."""

import asyncio
import os
import string
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx

# A restart of PostgreSQL or Kafka, on a slow machine, and then some.
PATIENCE_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0

# The request may go again: the answer says "not now", or its outcome is not known yet.
AGAIN_STATUSES = {429, 502, 503, 504}
AGAIN_CODES = {"ressource-occupee"}
# The stock learns of a new store or product by an event, which may still be on its way.
ON_ITS_WAY_CODES = frozenset({"magasin-introuvable", "produit-introuvable"})


class RefusedRequest(Exception):
    """An answer that no retry changes; `code` is the stable one of the problem."""

    def __init__(self, method: str, url: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{method} {url}: {status} {code}: {detail}")
        self.status = status
        self.code = code


class Unreachable(Exception):
    """Nobody answered at this address for as long as we are patient."""

    def __init__(self, method: str, url: str, error: httpx.TransportError) -> None:
        reason = str(error) or type(error).__name__
        super().__init__(f"{method} {url}: no answer for {PATIENCE_SECONDS:.0f} s: {reason}")


class RestClient:
    """One caller's connections to the three APIs.

    A request is repeated until it is answered or `PATIENCE_SECONDS` are over. A POST carries an
    `Idempotency-Key`, so repeating it has no second effect.
    """

    def __init__(
        self,
        key: str,
        connections: int = 16,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.retries = 0
        limits = httpx.Limits(max_connections=connections + 4)
        self._http = httpx.AsyncClient(
            headers={"x-token": key}, limits=limits, timeout=30, transport=transport
        )

    async def __aenter__(self) -> "RestClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, url: str, **parameters: str | int) -> Any:
        """The JSON that stands at `url`."""
        return (await self._send("GET", url, params=parameters)).json()

    async def get_pages(self, url: str, **parameters: str | int) -> AsyncIterator[dict[str, Any]]:
        """Every entry of a list, page after page."""
        following: str | None = str(httpx.URL(url, params=parameters))
        while following:
            answer = await self._send("GET", following)
            for entry in answer.json():
                yield entry
            link = answer.links.get("next")
            following = str(answer.url.join(link["url"])) if link else None

    async def post(
        self, url: str, body: object, key: str, again_codes: frozenset[str] = frozenset()
    ) -> httpx.Response:
        """The answer to a POST; `again_codes` are refusals that pass by themselves."""
        # A header is ASCII, the name of a store need not be.
        headers = {"Idempotency-Key": quote(key, safe=string.punctuation + " ")}
        request = {"json": body, "headers": headers}
        return await self._send("POST", url, again_codes, **request)

    async def _send(
        self, method: str, url: str, again_codes: frozenset[str] = frozenset(), **request: Any
    ) -> httpx.Response:
        clock = asyncio.get_running_loop()
        deadline = clock.time() + PATIENCE_SECONDS
        pause = FIRST_PAUSE_SECONDS
        while True:
            asked = pause
            try:
                answer = await self._http.request(method, url, **request)
            except httpx.TransportError as error:
                if clock.time() > deadline:
                    raise Unreachable(method, url, error) from error
            else:
                if answer.is_success:
                    return answer
                refused = _read_problem(method, url, answer)
                passes = refused.code in AGAIN_CODES | again_codes
                if not (passes or answer.status_code in AGAIN_STATUSES) or clock.time() > deadline:
                    raise refused
                asked = max(pause, _retry_after(answer))
            self.retries += 1
            await asyncio.sleep(min(asked, LONGEST_PAUSE_SECONDS))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _read_problem(method: str, url: str, answer: httpx.Response) -> RefusedRequest:
    problem: dict[str, Any] = {}
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        problem = answer.json()
    return RefusedRequest(
        method,
        url,
        answer.status_code,
        problem.get("code", "sans-code"),
        problem.get("detail") or answer.text[:200],
    )


def _retry_after(answer: httpx.Response) -> float:
    given = answer.headers.get("retry-after", "0")
    return float(given) if given.isdigit() else 0.0


def address_of(service: str) -> str:
    """Where a service's API is: COMPTOIR_<SERVICE>_URL, else the port that `make up` uses."""
    default = {"sales": 8001, "stock": 8002, "report": 8003}[service]
    return os.environ.get(f"COMPTOIR_{service.upper()}_URL", f"http://127.0.0.1:{default}")


def head_office_key() -> str:
    """COMPTOIR_HEAD_OFFICE_KEY; `make up` and `make replay` set it."""
    key = os.environ.get("COMPTOIR_HEAD_OFFICE_KEY")
    if not key:
        raise SystemExit("COMPTOIR_HEAD_OFFICE_KEY is not set: start this through make")
    return key
