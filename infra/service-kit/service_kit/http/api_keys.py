"""Checks API keys in `x-token` or `Authorization: Bearer`; a key is stored hashed, with its scope.

`python -m service_kit.http.api_keys ensure --role manager --label demo --site 1 --right see-costs`
stores the key given in the environment variable API_KEY in the database of DATABASE_URL.
"""

import argparse
import asyncio
import os
from collections.abc import Collection
from functools import partial
from math import inf
from time import monotonic
from typing import Any

import msgspec
from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from starlette.types import Scope

from service_kit.events.causes import MOST_CHARACTERS, act_as, clean_actor
from service_kit.http.callers import (
    CALLER,
    LEAST_KEY_LENGTH,
    Caller,
    FoundCaller,
    hash_key,
    is_weak,
    read_key,
)
from service_kit.http.problems import Problem
from service_kit.http.quotas import address_of
from service_kit.http.state import ApiState, api_state
from service_kit.telemetry.stages import Stage, stage

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="comptoir"'}
_FIND = text("""
    SELECT client_id, role, sites, rights,
        date_part('epoch', least(expires_at, replaced_at) - clock_timestamp()) AS seconds_left
    FROM api_keys CROSS JOIN LATERAL (
        SELECT max((former ->> 'valid_until')::timestamptz) AS replaced_at
        FROM jsonb_array_elements(former_secrets) AS former
        WHERE key_hash <> :hash AND former ->> 'digest' = :digest
    ) AS secret
    WHERE (key_hash = :hash OR former_secrets @> CAST(:former AS jsonb)) AND revoked_at IS NULL
    ORDER BY key_hash = :hash DESC LIMIT 1
""")


async def identify_caller(request: Request) -> Caller:
    """Return the caller of a request; raise `Problem` 401 when the key is missing or unknown."""
    # A request with a body had its key checked before the body was read.
    known: Caller | None = request.scope.get(CALLER)
    caller = known or await find_caller(api_state(request.app), request.scope)
    act_as(caller.client_id)
    return caller


async def find_caller(state: ApiState, scope: Scope) -> Caller:
    """Return the caller of a request.

    Raises `Problem` 401 for a missing, weak or unknown key, and 429 after too many wrong keys.
    """
    key = read_key(scope)
    if not key:
        raise Problem.of("key-missing", headers=_CHALLENGE)
    if state.refuses_weak_keys and is_weak(key):
        raise Problem.of("key-weak", headers=_CHALLENGE, least=LEAST_KEY_LENGTH)
    callers = state.callers
    if known := callers.find(key):
        return known
    callers.misses += 1
    with stage(Stage.AUTHENTICATION):
        read = partial(_read_caller, state.read_engine, key)
        caller = await state.key_lookups.find(key, address_of(scope), read)
    if caller is None:
        raise Problem.of("key-unknown", headers=_CHALLENGE)
    return caller


async def _read_caller(engine: AsyncEngine, key: str) -> FoundCaller | None:
    # Before the read: the cached key ends no later than by the database's clock.
    began = monotonic()
    # Use a connection for this lookup only. If requests could hold one and wait for a second, a
    # full pool would deadlock.
    async with AsyncSession(engine) as session:
        row = (await session.execute(_FIND, _parameters(key))).one_or_none()
    if row is None or (row.seconds_left is not None and row.seconds_left <= 0):
        return None
    caller = Caller(
        client_id=row.client_id,
        role=row.role,
        sites=None if row.sites is None else frozenset(row.sites),
        rights=frozenset(row.rights),
    )
    return FoundCaller(caller, inf if row.seconds_left is None else began + row.seconds_left)


def _parameters(key: str) -> dict[str, Any]:
    hashed = hash_key(key)
    former = msgspec.json.encode([{"digest": hashed.hex()}]).decode()
    return {"hash": hashed, "digest": hashed.hex(), "former": former}


# A list reads a page of each site of its caller.
MOST_SITES = 100

_ENSURE = text("""
    INSERT INTO api_keys (key_hash, client_id, role, sites, rights)
    VALUES (:hash, :client_id, :role, CAST(:sites AS int[]),
        coalesce(CAST(:rights AS text[]), '{}'))
    ON CONFLICT (client_id) DO UPDATE
        SET key_hash = excluded.key_hash, role = excluded.role,
            revoked_at = CASE WHEN api_keys.key_hash = excluded.key_hash
                THEN api_keys.revoked_at END,
            sites = coalesce(CAST(:sites AS int[]), api_keys.sites),
            rights = coalesce(CAST(:rights AS text[]), api_keys.rights)
        WHERE api_keys.version = 0
""")


async def ensure_key(
    connection: AsyncConnection,
    key: str,
    role: str,
    label: str,
    sites: Collection[int] | None = None,
    rights: Collection[str] | None = None,
) -> None:
    """Store a key for the client `label/role`, and replace its former key.

    Without `sites` or `rights` a known client keeps its own; a new one has all sites and no right.
    A revoked key stays revoked, however often it is stored: each start of a stack does it. Once
    the owner of the keys has changed a key (`events/key_changes.py`), it stays as the owner says.
    Raises `ValueError` for more than `MOST_SITES` sites, and for a name that no event could carry.
    """
    client_id = f"{label}/{role}"
    if clean_actor(client_id) != client_id:
        raise ValueError(f"{client_id!r} is not one line of at most {MOST_CHARACTERS} characters")
    if sites is not None and len(sites) > MOST_SITES:
        raise ValueError(f"a key is limited to at most {MOST_SITES} sites, or reaches all")
    values = {
        "hash": hash_key(key),
        "client_id": client_id,
        "role": role,
        "sites": None if sites is None else sorted(sites),
        "rights": None if rights is None else sorted(rights),
    }
    await connection.execute(_ENSURE, values)


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Stores an API key (environment: API_KEY)")
    parser.add_argument("command", choices=["ensure"])
    parser.add_argument("--role", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--site", type=int, action="append", help="may be repeated; none: all")
    parser.add_argument("--right", action="append", help="may be repeated")
    arguments = parser.parse_args()
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.begin() as connection:
        await ensure_key(
            connection,
            os.environ["API_KEY"],
            arguments.role,
            arguments.label,
            sites=arguments.site,
            rights=arguments.right,
        )
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_main())
