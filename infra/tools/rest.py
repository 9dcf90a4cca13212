"""An HTTP client of the REST APIs that sends a key and retries after faults."""

import asyncio
import os
import string
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx

# Longer than a restart of PostgreSQL or Kafka takes on a slow machine.
PATIENCE_SECONDS = 120.0
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0

# These answers permit a retry: they mean "not now", or that the outcome is unknown.
AGAIN_STATUSES = {429, 502, 503, 504}
AGAIN_CODES = {"ressource-occupee"}
# The event that tells the stock of a new store or product may still be on its way.
ON_ITS_WAY_CODES = frozenset({"magasin-pas-encore-connu", "produit-pas-encore-connu"})


class RefusedRequest(Exception):
    """An answer that no retry changes; `code` is the problem's stable code."""

    def __init__(self, method: str, url: str, status: int, code: str, detail: str) -> None:
        super().__init__(f"{method} {url}: {status} {code}: {detail}")
        self.status = status
        self.code = code


class Unreachable(Exception):
    """No answer came from this address within `PATIENCE_SECONDS`."""

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
        """Return the JSON at `url`."""
        return (await self._send("GET", url, params=parameters)).json()

    async def get_pages(self, url: str, **parameters: str | int) -> AsyncIterator[dict[str, Any]]:
        """Yield every entry of a list, page by page."""
        following: str | None = str(httpx.URL(url, params=parameters))
        while following:
            answer = await self._send("GET", following)
            for entry in answer.json():
                yield entry
            link = answer.links.get("next")
            following = str(answer.url.join(link["url"])) if link else None

    async def post(
        self,
        url: str,
        body: object,
        key: str,
        again_codes: frozenset[str] = frozenset(),
        token: str | None = None,
    ) -> httpx.Response:
        """Send a POST and return its answer; retry after a refusal in `again_codes`.

        `key` is its idempotency key. `token` is another API key than the client's.
        """
        # A header must be ASCII; the name of a store may not be.
        headers = {"Idempotency-Key": quote(key, safe=string.punctuation + " ")}
        if token is not None:
            headers["x-token"] = token
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
    """Return COMPTOIR_<SERVICE>_URL, or the address that `make up` uses by default."""
    default = {"sales": 8001, "stock": 8002, "report": 8003}[service]
    return os.environ.get(f"COMPTOIR_{service.upper()}_URL", f"http://127.0.0.1:{default}")


def head_office_key() -> str:
    """Return COMPTOIR_HEAD_OFFICE_KEY; `make up` and `make replay` set it."""
    key = os.environ.get("COMPTOIR_HEAD_OFFICE_KEY")
    if not key:
        raise SystemExit("COMPTOIR_HEAD_OFFICE_KEY is not set: start this through make")
    return key
