"""A success is durable, and every wait for the database is bounded."""

import asyncio

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.pool import BoundedPool
from service_kit.database.sessions import open_engine
from service_kit.http.state import api_state
from service_kit.settings import ServiceSettings
from tests.fixtures.http import client_of
from tests.fixtures.waiting import eventually


async def kept(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return list((await connection.execute(text("SELECT id FROM notes ORDER BY id"))).scalars())


async def test_what_is_answered_201_is_there(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    answer = await client.post("/notes", json={"id": 1})

    assert answer.status_code == 201
    assert await kept(notes_engine) == [1]


async def test_a_commit_that_violates_a_constraint_is_never_answered_201(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    await client.post("/notes", json={"id": 1})

    answer = await client.post("/notes", json={"id": 1})

    assert answer.status_code == 500
    assert answer.json()["code"] == "erreur-interne"
    assert await kept(notes_engine) == [1]


async def test_a_commit_that_may_succeed_later_asks_for_a_retry(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    conflict = "INSERT INTO conflicts VALUES (1)"

    answer = await client.post("/notes", json={"id": 1, "after": [conflict]})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert await kept(notes_engine) == []


async def test_a_refused_request_leaves_nothing_behind(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    answer = await client.post("/notes", json={"id": 409})

    assert answer.status_code == 409
    assert await kept(notes_engine) == []


async def test_a_failed_statement_undoes_those_before_it(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    answer = await client.post("/notes", json={"id": 1, "after": ["SELECT 1 / 0"]})

    assert answer.status_code == 500
    assert await kept(notes_engine) == []


async def test_a_request_with_caller_and_transaction_needs_one_connection(
    client: httpx.AsyncClient, narrow_app: FastAPI
) -> None:
    # The pool has one connection: a request that needed a second one would get 503.
    pool = api_state(narrow_app).engine.pool
    assert isinstance(pool, BoundedPool)
    assert pool.size() == 1

    assert (await client.post("/notes", json={"id": 1})).status_code == 201
    assert (await client.get("/notes")).json() == [1]


async def test_a_full_pool_is_answered_503_and_serves_again_when_it_empties(
    client: httpx.AsyncClient, narrow_app: FastAPI
) -> None:
    async with api_state(narrow_app).read_engine.connect(), asyncio.timeout(10):
        refused = await client.get("/notes")
    served = await client.get("/notes")

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["code"] == "base-indisponible"
    assert served.status_code == 200


async def test_a_statement_that_takes_too_long_is_answered_503(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    slow = ["SET LOCAL statement_timeout = '50ms'", "SELECT pg_sleep(60)"]

    answer = await client.post("/notes", json={"id": 1, "after": slow})

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert await kept(notes_engine) == []


async def test_a_lock_that_is_held_too_long_is_a_conflict_to_retry(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    blocked = ["SET LOCAL lock_timeout = '50ms'", "LOCK TABLE conflicts"]
    async with notes_engine.begin() as other:
        await other.execute(text("LOCK TABLE conflicts"))

        answer = await client.post("/notes", json={"id": 1, "after": blocked})

    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"
    assert answer.json()["code"] == "ressource-occupee"
    assert await kept(notes_engine) == []


@pytest.mark.parametrize(
    ("setting", "limit"),
    [
        ("lock_timeout", "2s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("TimeZone", "UTC"),
    ],
)
async def test_every_connection_of_a_service_has_its_limits(
    notes_url: str, setting: str, limit: str
) -> None:
    settings = ServiceSettings(service_name="notes", database_url=notes_url, http_port=1)
    async with open_engine(settings) as engine, engine.connect() as connection:
        assert (await connection.execute(text(f"SHOW {setting}"))).scalar_one() == limit


async def test_an_unreachable_database_is_answered_503(
    orphaned_app: FastAPI, plumbing_engine: AsyncEngine
) -> None:
    async with client_of(orphaned_app, plumbing_engine) as client:
        answer = await client.get("/notes")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "base-indisponible"
    assert len(answer.json()["trace_id"]) == 32


async def test_a_connection_that_is_lost_before_it_is_ready_is_answered_503(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def find_it_closed(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("connection is closed")

    # Fail in the driver's first step on a fresh connection: no test can kill the server just then.
    monkeypatch.setattr(asyncpg.Connection, "set_type_codec", find_it_closed)

    answer = await client.get("/notes")

    assert (answer.status_code, answer.json()["code"]) == (503, "base-indisponible")


async def test_connections_that_the_server_has_closed_are_replaced(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    await client.get("/notes")
    async with notes_engine.connect() as connection:
        await connection.execute(
            text("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'notes'
            """)
        )

    async def is_over() -> bool:
        async with notes_engine.connect() as connection:
            found = await connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'notes'")
            )
            return int(found.scalar_one()) == 0

    await eventually(is_over, True)
    assert (await client.get("/notes")).status_code == 200
