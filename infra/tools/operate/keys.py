"""`make keys`: lists, creates, rotates, expires and revokes API keys.

`python -m infra.tools.operate.keys create store-1 --role till --store 1 --right backdate`. The
environment names the databases: COMPTOIR_<SERVICE>_DATABASE_URL for sales, stock and report.

A change is made in the sales service's database, as its API would make it, and then written to the
others at once: they need not wait for Kafka. The event follows with the same version.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from infra.tools.local.layout import ROLES, SERVICES
from infra.tools.operate.key_table import describe_keys
from sales_service.domain.errors import SalesError, UnknownStore
from sales_service.domain.key_errors import UnknownKey
from sales_service.use_cases import manage_keys
from sales_service.use_cases.manage_keys import MadeKey
from service_kit.database.faults import DATABASE_FAULTS
from service_kit.events.causes import MOST_CHARACTERS, act_as, clean_actor
from service_kit.events.key_changes import KeyChanged, keep_keys, read_key
from service_kit.http.api_keys import MOST_SITES

RIGHTS = ("backdate", "price-override", "return-without-receipt", "see-costs")
OWNER = "sales"

Databases = Mapping[str, AsyncSession]
Changed = TypeVar("Changed")


class KeyRefused(Exception):
    """What a person asked for cannot be done; the text says why."""


def main() -> int:
    """Run one command and return its exit status."""
    try:
        print(asyncio.run(run(parse(sys.argv[1:] or ["list"]))))
    except (KeyRefused, *DATABASE_FAULTS) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    """Return a command and its arguments."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.operate.keys")
    commands = parser.add_subparsers(dest="command", required=True)
    parser.add_argument("--by", default=os.environ.get("USER") or "make keys", help="who acts")
    commands.add_parser("list")
    create = commands.add_parser("create")
    create.add_argument("name")
    create.add_argument("--role", choices=ROLES, required=True)
    create.add_argument("--store", type=int, action="append", help="may be repeated; none: all")
    create.add_argument("--right", choices=RIGHTS, action="append", default=[])
    create.add_argument("--until", type=_instant, help="when it expires, such as 2027-01-31")
    client = argparse.ArgumentParser(add_help=False)
    client.add_argument("client", help="such as store-1/till")
    commands.add_parser("revoke", parents=[client])
    rotate = commands.add_parser("rotate", parents=[client])
    rotate.add_argument("--hours", type=float, default=24, help="how long the present secret stays")
    expire = commands.add_parser("expire", parents=[client])
    expire.add_argument("--until", type=_instant, help="such as 2027-01-31; without it: never")
    return parser.parse_args(words)


def _instant(word: str) -> datetime:
    instant = datetime.fromisoformat(word)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


async def run(arguments: argparse.Namespace) -> str:
    """Run one command and return what it prints."""
    # The journal names the person, as it names a client.
    act_as(arguments.by)
    async with open_databases() as databases:
        if arguments.command == "list":
            return await describe_keys(databases)
        if arguments.command == "create":
            return await create_key(
                databases,
                arguments.name,
                arguments.role,
                arguments.store,
                arguments.right,
                arguments.until,
            )
        if arguments.command == "rotate":
            return await rotate(databases, arguments.client, timedelta(hours=arguments.hours))
        if arguments.command == "expire":
            return await expire(databases, arguments.client, arguments.until)
        return await revoke(databases, arguments.client)


@asynccontextmanager
async def open_databases() -> AsyncIterator[Databases]:
    """Begin a transaction in each database; they commit when all has been written."""
    async with AsyncExitStack() as stack:
        databases = {}
        # The owner is opened last, so that it commits first: no copy is ever ahead of it.
        for service in sorted(SERVICES, key=lambda each: each == OWNER):
            name = f"COMPTOIR_{service.upper()}_DATABASE_URL"
            if not os.environ.get(name):
                raise KeyRefused(f"{name} is not set: start this through make keys")
            engine = create_async_engine(os.environ[name])
            stack.push_async_callback(engine.dispose)
            session = await stack.enter_async_context(AsyncSession(engine))
            await stack.enter_async_context(session.begin())
            databases[service] = session
        yield {service: databases[service] for service in SERVICES}


async def create_key(
    databases: Databases,
    name: str,
    role: str,
    stores: list[int] | None,
    rights: list[str],
    until: datetime | None = None,
) -> str:
    """Make a key and return it: it is shown once, because only its digest is stored."""
    client = f"{name}/{role}"
    if clean_actor(client) != client:
        raise KeyRefused(f"a client is one line of at most {MOST_CHARACTERS} characters")
    if stores is not None and len(stores) > MOST_SITES:
        raise KeyRefused(f"a key has at most {MOST_SITES} stores, or all of them")

    async def create(sales: AsyncSession) -> MadeKey:
        return await manage_keys.create_key(sales, client, role, stores, rights, until)

    made = await _change(databases, client, create)
    await _copy(databases, made.key)
    return made.secret


async def rotate(databases: Databases, client: str, overlap: timedelta) -> str:
    """Give a key a new secret and return it; the present one is valid for the overlap."""

    async def rotate_it(sales: AsyncSession) -> MadeKey:
        return await manage_keys.rotate_key(sales, client, overlap)

    made = await _change(databases, client, rotate_it)
    await _copy(databases, made.key)
    return made.secret


async def expire(databases: Databases, client: str, until: datetime | None) -> str:
    """Let a key expire at an instant, or never."""

    async def expire_it(sales: AsyncSession) -> KeyChanged:
        return await manage_keys.expire_key(sales, client, until)

    await _copy(databases, await _change(databases, client, expire_it))
    return f"{client}: expires {until.isoformat() if until else 'never'}"


async def revoke(databases: Databases, client: str) -> str:
    """Revoke the key of a client in every database."""

    async def revoke_it(sales: AsyncSession) -> KeyChanged:
        return await manage_keys.revoke_key(sales, client)

    known = await read_key(databases[OWNER], client)
    key = await _change(databases, client, revoke_it)
    is_news = await _copy(databases, key) or known is None or known.version < key.version
    if not is_news:
        raise KeyRefused(f"{client} has no key that could be revoked")
    return f"{client}: revoked"


async def _change(
    databases: Databases, client: str, change: Callable[[AsyncSession], Awaitable[Changed]]
) -> Changed:
    """Make a change in the owner's database, of the newest state of the key.

    A copy is ahead when the owner's database was restored from a backup: the owner takes over what
    it has lost, such as a revocation.
    """
    owner = databases[OWNER]
    stored = [await read_key(session, client) for session in databases.values()]
    await keep_keys(owner, [key for key in stored if key])
    try:
        return await change(owner)
    except UnknownKey:
        raise KeyRefused(f"{client} has no key") from None
    except UnknownStore:
        raise KeyRefused("no such store") from None
    except SalesError as error:
        raise KeyRefused(str(error)) from error


async def _copy(databases: Databases, key: KeyChanged) -> bool:
    """Write a change into the copies that do not have it; return whether there were any."""
    return any(
        [
            await keep_keys(session, [key])
            for service, session in databases.items()
            if service != OWNER
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
