"""A copy of the keys keeps the highest version; a secret is valid as long as its key says."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from time import monotonic

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.change_feed import ChangeFeed
from service_kit.events.key_changes import FormerSecret, KeyChanged, keep_keys, read_key
from service_kit.http.api_keys import ensure_key
from service_kit.http.callers import Caller, CallerCache, hash_key
from service_kit.http.key_uses import write_uses
from tests.fixtures.keys import NOON, key_changed
from tests.fixtures.waiting import eventually


async def keep(engine: AsyncEngine, *changes: KeyChanged) -> set[str]:
    async with AsyncSession(engine) as session, session.begin():
        return await keep_keys(session, changes)


async def read(engine: AsyncEngine) -> KeyChanged:
    async with AsyncSession(engine) as session:
        key = await read_key(session, "shop/manager")
        assert key is not None
        return KeyChanged(**{name: getattr(key, name) for name in KeyChanged.__struct_fields__})


async def status(client: httpx.AsyncClient, secret: str) -> int:
    return (await client.get("/notes", headers={"x-token": secret})).status_code


CREATED = key_changed("first", 1, sites=[1, 2], rights=["backdate"])
ROTATED = key_changed(
    "second", 2, former_secrets=[FormerSecret(hash_key("first").hex(), NOON)], expires_at=NOON
)
REVOKED = key_changed("second", 3, revoked_at=NOON)


@pytest.mark.parametrize("order", list(permutations((CREATED, ROTATED, REVOKED))))
async def test_the_highest_version_wins_in_any_order(
    plumbing_engine: AsyncEngine, order: tuple[KeyChanged, ...]
) -> None:
    for change in order:
        await keep(plumbing_engine, change)
        await keep(plumbing_engine, change, CREATED)

    assert await read(plumbing_engine) == REVOKED


@pytest.mark.parametrize("change", [CREATED, ROTATED, REVOKED])
async def test_a_copy_has_all_that_the_owner_says(
    plumbing_engine: AsyncEngine, change: KeyChanged
) -> None:
    assert await keep(plumbing_engine, change) == {"shop/manager"}

    assert await read(plumbing_engine) == change
    assert await keep(plumbing_engine, change) == set()


async def test_a_start_does_not_bring_a_revoked_key_back(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async def start(secret: str) -> None:
        async with notes_engine.begin() as connection:
            await ensure_key(connection, secret, "manager", "shop")

    await start("first")
    assert await status(client, "first") == 200
    await keep(notes_engine, key_changed("first", 1, revoked_at=NOON))

    await start("first")
    await start("another")

    assert await status(client, "first") == await status(client, "another") == 401


async def test_a_former_secret_is_valid_until_its_end(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    now = datetime.now(UTC)
    former = [
        FormerSecret(hash_key("over").hex(), now - timedelta(hours=1)),
        FormerSecret(hash_key("overlapping").hex(), now + timedelta(hours=1)),
    ]
    await keep(notes_engine, key_changed("present", 3, former_secrets=former))

    assert await status(client, "present") == await status(client, "overlapping") == 200
    assert await status(client, "over") == 401
    await keep(notes_engine, key_changed("present", 4, former_secrets=former, revoked_at=NOON))
    await eventually(lambda: status(client, "overlapping"), 401)
    await eventually(lambda: status(client, "present"), 401)


async def test_a_key_expires_by_the_clock_of_the_database(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    now = datetime.now(UTC)
    former = [FormerSecret(hash_key("former").hex(), now + timedelta(hours=1))]
    for version, expires_at, expected in (
        (1, now + timedelta(hours=1), 200),
        (2, now - timedelta(seconds=1), 401),
        (3, None, 200),
    ):
        change = key_changed("key", version, expires_at=expires_at, former_secrets=former)
        await keep(notes_engine, change)
        await eventually(lambda: status(client, "key"), expected)
        await eventually(lambda: status(client, "former"), expected)


async def test_a_caller_that_is_cached_expires_too(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.connect() as connection:
        now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    soon = now + timedelta(seconds=1)
    await keep(notes_engine, key_changed("key", expires_at=soon))

    # No further change of a key clears the cache.
    await eventually(lambda: status(client, "key"), 401)


def live_cache() -> CallerCache:
    feed = ChangeFeed()
    feed.is_live = True
    return CallerCache(feed)


def test_a_cache_forgets_a_caller_when_the_key_expires() -> None:
    callers = live_cache()
    caller = Caller("shop/manager", "manager")

    callers.add("lasting", caller, since=0)
    callers.add("expired", caller, since=0, until=monotonic())

    assert callers.find("lasting") == caller
    assert callers.find("expired") is None


async def test_the_last_use_of_a_key_is_written_once_for_many_requests(
    plumbing_engine: AsyncEngine,
) -> None:
    await keep(plumbing_engine, CREATED)
    callers = live_cache()
    callers.add("first", Caller("shop/manager", "manager"), since=0)
    for _ in range(3):
        callers.find("first")

    await write_uses(plumbing_engine, callers)
    [first] = await uses(plumbing_engine)
    await write_uses(plumbing_engine, callers)

    assert await uses(plumbing_engine) == [first]
    callers.find("first")
    await write_uses(plumbing_engine, callers)
    [second] = await uses(plumbing_engine)
    assert second > first


async def test_uses_that_could_not_be_written_are_written_later(
    plumbing_engine: AsyncEngine,
) -> None:
    callers = live_cache()
    callers.used.add("shop/manager")
    async with plumbing_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE api_key_uses RENAME TO away"))

    with pytest.raises(DBAPIError):
        await write_uses(plumbing_engine, callers)

    async with plumbing_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO api_key_uses"))
    await write_uses(plumbing_engine, callers)
    assert len(await uses(plumbing_engine)) == 1


async def uses(engine: AsyncEngine) -> list[datetime]:
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT last_used_at FROM api_key_uses"))
        return list(rows.scalars())
