"""Each route says what it needs of its caller; a key has a role, sites and rights."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.access import PUBLIC, Needs, Reach, check_access, refuse_foreign
from service_kit.http.api_keys import MOST_SITES, ensure_key
from service_kit.http.callers import Caller
from service_kit.http.problems import Problem

WRITER = Needs("writer", reach=Reach.BY_SITE)


def test_a_route_that_says_nothing_about_its_callers_is_refused() -> None:
    router = APIRouter()

    @router.get("/forgotten")
    async def get_forgotten() -> None: ...

    with pytest.raises(ValueError, match="/forgotten"):
        check_access([router])


def test_a_route_says_what_it_needs_or_that_it_is_public() -> None:
    router = APIRouter()

    @router.get("/books")
    async def get_books(caller: Annotated[Caller, Depends(WRITER)]) -> None: ...

    @router.get("/", dependencies=[PUBLIC])
    async def get_welcome() -> None: ...

    check_access([router, APIRouter(dependencies=[Depends(WRITER)])])


@pytest.mark.parametrize(
    ("caller", "reach", "code"),
    [
        (Caller("a", "writer"), Reach.EVERY_SITE, None),
        (Caller("a", "writer", frozenset({1})), Reach.BY_SITE, None),
        (Caller("a", "writer", frozenset({1})), Reach.SHARED, None),
        (Caller("a", "writer", frozenset({1})), Reach.EVERY_SITE, "portee-limitee"),
        (Caller("a", "writer", frozenset()), Reach.EVERY_SITE, "portee-limitee"),
        (Caller("a", "reader"), Reach.SHARED, "role-insuffisant"),
    ],
)
async def test_a_caller_needs_the_role_and_the_reach(
    caller: Caller, reach: Reach, code: str | None
) -> None:
    refused = None
    try:
        await Needs("writer", reach=reach)(caller)
    except Problem as problem:
        refused = (problem.status, problem.code)

    assert refused == (None if code is None else (403, code))


def test_a_key_reaches_its_own_sites() -> None:
    everywhere, limited = Caller("a", "writer"), Caller("a", "writer", frozenset({1}))

    refuse_foreign(everywhere, 2)
    refuse_foreign(limited, 1)
    with pytest.raises(Problem, match="hors de la portée"):
        refuse_foreign(limited, 2)


async def test_a_limited_key_is_refused_what_is_about_every_site(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "local", "manager", "local", sites=[1])

    listed = await client.get("/notes", headers={"x-token": "local"})
    posted = await client.post("/notes", json={"id": 1}, headers={"x-token": "local"})

    assert listed.status_code == 200
    assert (posted.status_code, posted.json()["code"]) == (403, "portee-limitee")


async def test_a_new_secret_keeps_the_scope_unless_another_is_given(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "first", "manager", "local", sites=[1], rights=["backdate"])
        await ensure_key(connection, "second", "manager", "local")

    limited = await client.post("/notes", json={"id": 1}, headers={"x-token": "second"})
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "second", "manager", "local", sites=[])
    reaching_nothing = await client.post("/notes", json={"id": 1}, headers={"x-token": "second"})

    assert limited.status_code == reaching_nothing.status_code == 403


async def test_a_revoked_key_stays_revoked_until_its_client_gets_another(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "leaked", "manager", "local")
        await connection.execute(text("UPDATE api_keys SET revoked_at = now()"))
        await ensure_key(connection, "leaked", "manager", "local")

    leaked = await client.get("/notes", headers={"x-token": "leaked"})
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "new", "manager", "local")
    new = await client.get("/notes", headers={"x-token": "new"})

    assert (leaked.status_code, new.status_code) == (401, 200)


async def test_a_key_of_more_sites_than_a_list_can_read_is_not_made(
    notes_engine: AsyncEngine,
) -> None:
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "wide", "manager", "wide", range(MOST_SITES))
        with pytest.raises(ValueError, match="at most"):
            await ensure_key(connection, "wider", "manager", "wider", range(MOST_SITES + 1))
