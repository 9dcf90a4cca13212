"""`make keys`: creates, lists and revokes API keys in the databases of all three services.

`python -m infra.tools.operate.keys create store-1 --role till --store 1 --right backdate`. The
environment names the databases: COMPTOIR_<SERVICE>_DATABASE_URL for sales, stock and report.
"""

import argparse
import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from infra.tools.local.layout import ROLES, SERVICES
from service_kit.database.faults import DATABASE_FAULTS
from service_kit.http.api_keys import StoredKey, ensure_key, list_keys, revoke_key

RIGHTS = ("backdate", "price-override", "return-without-receipt", "see-costs")

Databases = Mapping[str, AsyncConnection]


class KeyRefused(Exception):
    """What a person asked for cannot be done; the text says why."""


def main() -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.operate.keys")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    create = commands.add_parser("create")
    create.add_argument("name")
    create.add_argument("--role", choices=ROLES, required=True)
    create.add_argument("--store", type=int, action="append", help="may be repeated; none: all")
    create.add_argument("--right", choices=RIGHTS, action="append", default=[])
    commands.add_parser("revoke").add_argument("client", help="such as store-1/till")
    arguments = parser.parse_args(sys.argv[1:] or ["list"])
    try:
        print(asyncio.run(_run(arguments)))
    except (KeyRefused, *DATABASE_FAULTS) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


async def _run(arguments: argparse.Namespace) -> str:
    async with open_databases() as databases:
        if arguments.command == "create":
            return await create_key(
                databases, arguments.name, arguments.role, arguments.store, arguments.right
            )
        if arguments.command == "revoke":
            return await revoke(databases, arguments.client)
        return await describe_keys(databases)


@asynccontextmanager
async def open_databases() -> AsyncIterator[Databases]:
    """Begin a transaction in each database; they commit when all has been written."""
    async with AsyncExitStack() as stack:
        databases = {}
        for service in SERVICES:
            name = f"COMPTOIR_{service.upper()}_DATABASE_URL"
            if not os.environ.get(name):
                raise KeyRefused(f"{name} is not set: start this through make keys")
            engine = create_async_engine(os.environ[name])
            stack.push_async_callback(engine.dispose)
            databases[service] = await stack.enter_async_context(engine.begin())
        yield databases


async def create_key(
    databases: Databases, name: str, role: str, stores: list[int] | None, rights: list[str]
) -> str:
    """Make a key and return it: it is shown once, because only its digest is stored."""
    client = f"{name}/{role}"
    for service, connection in databases.items():
        known = {key.client_id: key for key in await list_keys(connection)}
        if client in known and known[client].revoked_at is None:
            raise KeyRefused(f"{client} has a key in {service}: revoke it, or choose another name")
    key = secrets.token_urlsafe(32)
    for connection in databases.values():
        await ensure_key(connection, key, role, name, stores, rights)
    return key


async def revoke(databases: Databases, client: str) -> str:
    """Revoke the key of a client in every database."""
    revoked = [
        service for service, connection in databases.items() if await revoke_key(connection, client)
    ]
    if not revoked:
        raise KeyRefused(f"{client} has no key that could be revoked")
    return f"{client}: revoked in {', '.join(revoked)}"


async def describe_keys(databases: Databases) -> str:
    """Return one line for each key; a key that is not the same everywhere says so."""
    found = {
        service: {key.client_id: key for key in await list_keys(connection)}
        for service, connection in databases.items()
    }
    clients = sorted({client for keys in found.values() for client in keys})
    return "\n".join(
        _describe(client, {service: keys.get(client) for service, keys in found.items()})
        for client in clients
    )


def _describe(client: str, found: Mapping[str, StoredKey | None]) -> str:
    lines = {service: _describe_one(key) for service, key in found.items()}
    if len(set(lines.values())) == 1:
        return f"{client:30} {next(iter(lines.values()))}"
    return "\n".join(f"{client:30} {line}  IN {service}" for service, line in lines.items())


def _describe_one(key: StoredKey | None) -> str:
    if key is None:
        return "unknown"
    stores = "all stores" if key.sites is None else f"stores {', '.join(map(str, key.sites))}"
    state = "" if key.revoked_at is None else "  REVOKED"
    return f"{stores:12} {', '.join(key.rights)}{state}"


if __name__ == "__main__":
    sys.exit(main())
