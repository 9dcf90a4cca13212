"""A key and an address have limits; answers say how many requests are left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import Request
from opentelemetry.metrics import NoOpMeter
from starlette.types import Receive, Scope, Send

from service_kit.http.cached_response import Content
from service_kit.http.callers import KEYS_CHANGED, Caller
from service_kit.http.first_answers import FirstAnswers
from service_kit.http.quotas import address_of
from service_kit.http.state import ApiState
from service_kit.settings import ServiceSettings
from tests.fixtures.waiting import eventually
from tests.service_kit.test_http_process import notes_process, status_of

CALLERS = {key: Caller(f"client-{key}", "manager") for key in ("one", "two")}
# No test takes so long that a bucket gets a token back.
STANDING = 0.001
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"


class Service:
    """An application behind the limits, and its clients at given addresses."""

    def __init__(self, **settings: Any) -> None:
        self.state = ApiState(
            ServiceSettings(service_name="any", database_url=NOWHERE, http_port=1, **settings),
            NoOpMeter("any"),
        )
        self.state.changes.is_live = True
        for key, caller in CALLERS.items():
            self.state.callers.add(key, caller, since=0)
        self.answered = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.answered += 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def cache_response(self, caller: Caller) -> None:
        """Cache the response that this caller gets."""

        async def read() -> Content:
            return Content(b"[]")

        request = Request(
            {
                **{"type": "http", "method": "GET", "path": "/notes", "query_string": b""},
                **{"headers": [], "route": None},
            }
        )
        await self.state.response_cache.read_through(request, caller, [], read)

    @asynccontextmanager
    async def client(
        self, key: str = "", address: str = "10.1.1.1"
    ) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(FirstAnswers(self, self.state), client=(address, 1))
        headers = {"x-token": key} if key else {}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://service", headers=headers
        ) as client:
            yield client

    async def ask(self, number: int, key: str = "", address: str = "10.1.1.1") -> list[int]:
        async with self.client(key, address) as client:
            return [(await client.get("/notes")).status_code for _ in range(number)]


async def test_a_key_that_sends_too_much_is_refused_and_told_when_to_come_back() -> None:
    service = Service(key_rate=0.1, key_burst=2, address_rate=0)

    async with service.client("one") as client:
        first, _, refused = [await client.get("/notes") for _ in range(3)]

    assert first.headers["ratelimit-policy"] == '"key";q=2;w=20'
    assert first.headers["ratelimit"] == '"key";r=1'
    assert (refused.status_code, refused.json()["code"]) == (429, "trop-de-requetes")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["ratelimit"] == '"key";r=0;t=10'
    assert refused.headers["retry-after"] == "10"
    assert service.answered == 2


async def test_the_limit_of_a_key_is_its_own_at_every_address() -> None:
    service = Service(key_rate=STANDING, key_burst=2, address_rate=0)

    assert await service.ask(1, "one", "10.1.1.1") == [200]
    assert await service.ask(2, "one", "10.1.1.2") == [200, 429]
    assert await service.ask(1, "two", "10.1.1.1") == [200]


async def test_the_limit_of_an_address_counts_all_of_its_requests() -> None:
    service = Service(address_rate=STANDING, address_burst=3, key_rate=0)

    assert await service.ask(1, "one") == [200]
    assert await service.ask(1) == [200]
    assert await service.ask(2, "two") == [200, 429]
    assert await service.ask(1, "two", "10.1.1.2") == [200]


async def test_what_the_key_is_refused_costs_its_address_nothing() -> None:
    limits = {"key_rate": STANDING, "key_burst": 1, "address_rate": STANDING, "address_burst": 2}
    service = Service(**limits)

    assert await service.ask(3, "one") == [200, 429, 429]
    async with service.client("two") as client:
        answer = await client.get("/notes")

    assert answer.headers["ratelimit-policy"] == '"key";q=1;w=1000, "address";q=2;w=2000'
    assert answer.headers["ratelimit"] == '"key";r=0, "address";r=0'


async def test_refused_guesses_cost_their_address_nothing() -> None:
    limits = {"wrong_key_rate": STANDING, "wrong_key_burst": 1}
    service = Service(**limits, address_rate=STANDING, address_burst=2)
    service.state.quotas.of_wrong_keys.take("10.1.1.1")

    assert await service.ask(5, "guess") == [429] * 5
    assert service.answered == 0
    assert await service.ask(3, "one") == [200, 200, 429]


async def test_without_a_rate_there_is_no_limit_and_no_header() -> None:
    service = Service(key_rate=0, address_rate=0, wrong_key_rate=0)

    async with service.client("one") as client:
        answer = await client.get("/notes")

    assert "ratelimit" not in answer.headers
    assert set(await service.ask(100, "one")) == {200}


@pytest.mark.parametrize(
    "limits",
    [
        {"key_rate": STANDING, "key_burst": 2, "address_rate": 0},
        {"key_rate": STANDING, "key_burst": 100, "address_rate": STANDING, "address_burst": 2},
    ],
)
async def test_a_cached_response_counts_as_a_tenth(limits: dict[str, Any]) -> None:
    service = Service(**limits)
    await service.cache_response(CALLERS["one"])

    assert await service.ask(21, "one") == [200] * 20 + [429]
    assert service.answered == 0


async def test_a_cached_response_says_how_many_requests_are_left() -> None:
    service = Service(key_rate=STANDING, key_burst=2, address_rate=0)
    await service.cache_response(CALLERS["one"])

    async with service.client("two") as client:
        answer = await client.get("/notes")

    assert answer.text == "[]"
    assert answer.headers["ratelimit"] == '"key";r=1'


async def test_a_cached_response_is_for_a_key_that_is_known_now() -> None:
    service = Service()
    await service.cache_response(CALLERS["one"])

    for key, answered in (("one", 0), ("nobody", 1), ("", 2)):
        await service.ask(1, key)
        assert service.answered == answered
    service.state.changes.note(KEYS_CHANGED)
    await service.ask(1, "one")
    assert service.answered == 3


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.1.1.1", 5), "10.1.1.1"),
        (("::ffff:10.1.1.1", 5), "10.1.1.1"),
        (None, ""),
        (("x" * 1000, 0), "x" * 45),
    ],
)
def test_a_sender_is_known_by_its_address(client: object, address: str) -> None:
    assert address_of({"client": client}) == address


def test_a_network_of_ipv6_is_one_sender() -> None:
    one, same, other = (
        address_of({"client": (host, 1)})
        for host in ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", "2001:db8:1:3::3")
    )

    assert one == same != other


@pytest.mark.parametrize(
    ("believed", "statuses"),
    [("127.0.0.1", [200, 200, 429, 200]), ("10.9.9.9", [200, 200, 429, 429])],
)
async def test_the_address_is_the_one_that_a_trusted_proxy_names(
    believed: str, statuses: list[int]
) -> None:
    limits = {"ADDRESS_RATE": str(STANDING), "ADDRESS_BURST": "2"}
    async with notes_process("api", NOWHERE, FORWARDED_ALLOW_IPS=believed, **limits) as client:
        await eventually(partial(status_of, client, "/health/live"), 200)
        seen = [
            await client.get("/", headers={"x-forwarded-for": address})
            for address in ("10.1.1.1", "10.1.1.1", "10.1.1.1", "10.1.1.2")
        ]

    assert [each.status_code for each in seen] == statuses
