"""Guesses of keys cost little, and hinder neither a good key nor a new one."""

import asyncio
from contextlib import suppress
from math import inf

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.metrics import NoOpMeter
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.change_feed import ChangeFeed
from service_kit.http import callers
from service_kit.http.api_keys import ensure_key
from service_kit.http.callers import KEYS_CHANGED, Caller, CallerCache, FoundCaller
from service_kit.http.key_lookups import KeyLookups
from service_kit.http.problems import Problem
from service_kit.http.quotas import Limit, Quota
from service_kit.http.state import api_state
from service_kit.settings import ServiceSettings
from tests.fixtures.http import client_of
from tests.fixtures.waiting import eventually
from tests.service_kit.notes_app import create_app

HERE, ELSEWHERE = "10.1.1.1", "10.1.1.2"
COUNTER = NoOpMeter("test").create_counter("limited")


class Desk:
    """A database of keys that can fail, and the lookups that it has seen."""

    def __init__(self, burst: int = 3) -> None:
        self.feed = ChangeFeed()
        self.feed.is_live = True
        self.callers = CallerCache(self.feed)
        quota = Quota(Limit.WRONG_KEYS, 0.001, burst, COUNTER)
        self.lookups = KeyLookups(self.feed, self.callers, quota)
        self.known: dict[str, FoundCaller] = {}
        self.asked: list[str] = []
        self.is_away = False
        self.is_asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def find(self, key: str, address: str = HERE) -> str:
        """Return the client of a key, or why there is none."""

        async def read() -> FoundCaller | None:
            self.asked.append(key)
            self.is_asked.set()
            found = self.known.get(key)
            await self.may_answer.wait()
            if self.is_away:
                raise OSError
            return found

        try:
            caller = await self.lookups.find(key, address, read)
        except Problem as problem:
            return str(problem.status)
        return caller.client_id if caller else "unknown"

    def make(self, key: str) -> None:
        self.known[key] = FoundCaller(Caller(f"client of {key}", "manager"), inf)
        self.feed.note(KEYS_CHANGED)


async def test_an_unknown_key_is_looked_up_once_and_then_refused_from_memory() -> None:
    desk = Desk()

    assert [await desk.find("guess") for _ in range(3)] == ["unknown"] * 3
    assert desk.asked == ["guess"]


async def test_a_key_that_is_made_works_at_once() -> None:
    desk = Desk()
    assert await desk.find("new") == "unknown"

    desk.make("new")

    assert await desk.find("new") == "client of new"


async def test_a_key_that_is_made_during_a_lookup_is_looked_up_again() -> None:
    desk = Desk()
    desk.may_answer.clear()
    before = asyncio.create_task(desk.find("new"))
    await desk.is_asked.wait()
    desk.make("new")
    after = [asyncio.create_task(desk.find("new")) for _ in range(5)]
    await asyncio.sleep(0)
    desk.may_answer.set()

    assert await before == "unknown"
    assert {await each for each in after} == {"client of new"}
    assert desk.asked == ["new", "new"]
    assert await desk.find("new") == "client of new"


async def test_requests_that_wait_share_a_lookup_in_which_keys_change() -> None:
    desk = Desk()
    lookups: list[str] = []

    async def read() -> FoundCaller:
        lookups.append("new")
        desk.feed.note(KEYS_CHANGED)
        await asyncio.sleep(0)
        return FoundCaller(Caller("client", "manager"), inf)

    await asyncio.gather(*(desk.lookups.find("new", HERE, read) for _ in range(6)))

    # The first one began before the others asked.
    assert len(lookups) == 2


async def test_nothing_is_remembered_while_changes_are_not_heard() -> None:
    desk = Desk(burst=10)
    await desk.find("guess")
    desk.feed.is_live = False

    assert [await desk.find("guess") for _ in range(3)] == ["unknown"] * 3
    assert desk.asked == ["guess"] * 4


async def test_guesses_are_soon_refused_without_a_lookup() -> None:
    desk = Desk(burst=3)

    answers = [await desk.find(f"guess {number}") for number in range(10)]

    assert answers == ["unknown"] * 3 + ["429"] * 7
    assert len(desk.asked) == 3
    assert await desk.find("guess", ELSEWHERE) == "unknown"


async def test_guesses_that_come_all_at_once_are_refused_before_the_first_is_answered() -> None:
    desk = Desk(burst=3)
    desk.may_answer.clear()
    guesses = [asyncio.create_task(desk.find(f"guess {number}")) for number in range(10)]
    refused, waiting = await asyncio.wait(guesses, return_when=asyncio.FIRST_COMPLETED)
    desk.may_answer.set()

    assert {await each for each in refused} == {"429"}
    assert [await each for each in waiting] == ["unknown"] * 3


async def test_a_good_key_is_answered_while_its_address_guesses() -> None:
    desk = Desk(burst=3)
    desk.make("good")
    assert await desk.find("good") == "client of good"
    for number in range(10):
        await desk.find(f"guess {number}")

    # Another key is made: this one is no longer cached, and is looked up again.
    desk.make("other")

    assert await desk.find("good") == "client of good"


async def test_good_keys_are_no_guesses_however_many_begin_together() -> None:
    desk = Desk(burst=3)
    for number in range(10):
        desk.make(f"good {number}")

    for number in range(10):
        assert await desk.find(f"good {number}") == f"client of good {number}"
    desk.make("shared")
    together = await asyncio.gather(*(desk.find("shared") for _ in range(100)))

    assert set(together) == {"client of shared"}
    assert desk.asked.count("shared") == 1


async def test_a_revoked_key_becomes_a_guess() -> None:
    desk = Desk(burst=3)
    desk.make("leaked")
    await desk.find("leaked")

    del desk.known["leaked"]
    desk.feed.note(KEYS_CHANGED)

    assert [await desk.find("leaked") for _ in range(5)] == ["unknown"] * 4 + ["429"]
    assert desk.callers.client_of("leaked") is None


async def test_a_database_that_is_away_makes_no_key_wrong() -> None:
    desk = Desk(burst=3)
    desk.make("good")
    desk.is_away = True
    for _ in range(10):
        with suppress(OSError):
            await desk.find("good")
    desk.is_away = False

    assert await desk.find("good") == "client of good"


async def test_a_key_that_was_tried_before_it_was_made_is_known_by_its_notification(
    client: httpx.AsyncClient,
    narrow_app: FastAPI,
    notes_engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Longer than the test waits: only the notification ends it.
    monkeypatch.setattr(callers, "UNKNOWN_SECONDS", 3600.0)
    state = api_state(narrow_app)
    new = {"x-token": "new"}

    async def hears_of_changes() -> bool:
        return state.changes.is_live

    await eventually(hears_of_changes, True)
    refused = await client.get("/notes", headers=new)
    assert state.callers.is_unknown("new")
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "new", "manager", "new")

    async def is_unknown() -> bool:
        return state.callers.is_unknown("new")

    await eventually(is_unknown, False)
    opened = await client.get("/notes", headers=new)
    assert (refused.status_code, opened.status_code) == (401, 200)


async def test_a_guess_too_many_is_refused_and_a_good_key_is_not(
    notes_url: str, notes_engine: AsyncEngine
) -> None:
    settings = ServiceSettings(
        service_name="notes",
        database_url=notes_url,
        http_port=1,
        wrong_key_rate=0.01,
        wrong_key_burst=2,
    )
    async with client_of(create_app(settings), notes_engine) as client:
        assert (await client.get("/notes")).status_code == 200
        guesses = [
            await client.post("/notes", content=b"[", headers={"x-token": f"guess {number}"})
            for number in range(3)
        ]
        elsewhere = await client.get("/", headers={"x-token": "guess"})
        good = await client.get("/notes")

    assert [each.status_code for each in guesses] == [401, 401, 429]
    refused = guesses[-1]
    assert refused.json()["code"] == "trop-de-cles-inconnues"
    assert refused.json()["trace_id"]
    assert refused.headers["ratelimit-policy"] == '"wrong-keys";q=2;w=200'
    assert 0 < int(refused.headers["retry-after"]) <= 100
    assert (elsewhere.status_code, good.status_code) == (429, 200)
