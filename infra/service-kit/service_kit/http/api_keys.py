"""Checks API keys in `x-token` or `Authorization: Bearer`; a key has one role and is stored hashed.

`python -m service_kit.http.api_keys ensure --role till --label demo` stores the key given in the
environment variable API_KEY in the database of DATABASE_URL.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from starlette.types import Scope

from service_kit.http.callers import Caller, hash_key, read_key
from service_kit.http.problems import Problem
from service_kit.http.state import ApiState, api_state
from service_kit.telemetry.stages import Stage, stage

# The member of an ASGI scope that holds the caller, once the key has been checked.
CALLER = "comptoir.caller"
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="comptoir"'}
_FIND = text("SELECT client_id, role FROM api_keys WHERE key_hash = :hash AND revoked_at IS NULL")


async def identify_caller(request: Request) -> Caller:
    """Return the caller of a request; raise `Problem` 401 when the key is missing or unknown."""
    # A request with a body had its key checked before the body was read.
    known: Caller | None = request.scope.get(CALLER)
    return known or await find_caller(api_state(request.app), request.scope)


async def find_caller(state: ApiState, scope: Scope) -> Caller:
    """Return the caller of a request; raise `Problem` 401 when the key is missing or unknown."""
    key = read_key(scope)
    if not key:
        raise Problem.of("key-missing", headers=_CHALLENGE)
    callers = state.callers
    if known := callers.find(key):
        callers.hits += 1
        return known
    callers.misses += 1
    since = state.changes.now()
    # Use a connection for this lookup only. If requests could hold one and wait for a second, a
    # full pool would deadlock.
    with stage(Stage.AUTHENTICATION):
        async with AsyncSession(state.read_engine) as session:
            row = (await session.execute(_FIND, {"hash": hash_key(key)})).one_or_none()
    if row is None:
        raise Problem.of("key-unknown", headers=_CHALLENGE)
    caller = Caller(client_id=row.client_id, role=row.role)
    callers.add(key, caller, since)
    return caller


def require_role(*roles: str) -> Callable[..., Awaitable[Caller]]:
    """Return a dependency that answers 403 to callers of other roles."""

    async def check_role(
        caller: Annotated[Caller, Depends(identify_caller, scope="function")],
    ) -> Caller:
        if caller.role not in roles:
            raise Problem.of("role-refused", role=caller.role, needed=", ".join(roles))
        return caller

    return check_role


_ENSURE = text("""
    INSERT INTO api_keys (key_hash, client_id, role) VALUES (:hash, :client_id, :role)
    ON CONFLICT (client_id) DO UPDATE
        SET key_hash = excluded.key_hash, role = excluded.role, revoked_at = NULL
""")


async def ensure_key(connection: AsyncConnection, key: str, role: str, label: str) -> None:
    """Store a key for the client `label/role`, and replace its former key."""
    await connection.execute(
        _ENSURE, {"hash": hash_key(key), "client_id": f"{label}/{role}", "role": role}
    )


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Stores an API key (environment: API_KEY)")
    parser.add_argument("command", choices=["ensure"])
    parser.add_argument("--role", required=True)
    parser.add_argument("--label", required=True)
    arguments = parser.parse_args()
    engine = create_async_engine(os.environ["DATABASE_URL"])
    async with engine.begin() as connection:
        await ensure_key(connection, os.environ["API_KEY"], arguments.role, arguments.label)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_main())
