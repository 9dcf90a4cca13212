"""Idempotency keys expire, but never too early, and no repetition meets a gap."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.sales import find_pending
from service_kit import expired_keys
from service_kit.events.relay import Relay
from service_kit.expired_keys import forget_keys, prune_keys
from service_kit.settings import ServiceSettings
from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import ServedShop

DAYS = timedelta(days=8)


async def nothing_is_open(_: AsyncSession, __: Sequence[str]) -> set[str]:
    return set()


async def write_keys(engine: AsyncEngine, first: int, last: int, age: timedelta) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("""
                INSERT INTO idempotency_keys (client_id, key, request_hash, created_at)
                SELECT 'till', 'key-' || n, '\\x00', now() - CAST(:age AS interval)
                FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
            """),
            {"first": first, "last": last, "age": age},
        )


async def kept(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        found = await connection.execute(text("SELECT count(*) FROM idempotency_keys"))
        return int(found.scalar_one())


async def forget(engine: AsyncEngine) -> int:
    return await forget_keys(engine, datetime.now(UTC) - DAYS, find_pending, asyncio.Event())


async def test_keys_are_forgotten_after_their_days_and_not_before(
    plumbing_engine: AsyncEngine,
) -> None:
    await write_keys(plumbing_engine, 1, 1200, DAYS + timedelta(minutes=1))
    await write_keys(plumbing_engine, 1201, 1300, DAYS - timedelta(minutes=1))

    forgotten = await forget_keys(
        plumbing_engine, datetime.now(UTC) - DAYS, nothing_is_open, asyncio.Event()
    )

    assert (forgotten, await kept(plumbing_engine)) == (1200, 100)


class Ahead(datetime):
    """The clock of a worker that is a year ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(days=365)


async def test_a_worker_whose_clock_is_ahead_forgets_no_key_before_its_time(
    plumbing_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write_keys(plumbing_engine, 1, 10, DAYS + timedelta(minutes=1))
    await write_keys(plumbing_engine, 11, 12, DAYS - timedelta(minutes=1))
    monkeypatch.setattr(expired_keys, "datetime", Ahead)
    settings = ServiceSettings(service_name="x", database_url="x", http_port=1)
    stop = asyncio.Event()

    chore = prune_keys(settings)(plumbing_engine, Relay(plumbing_engine, settings), stop)
    pruning = asyncio.create_task(chore)
    await eventually(lambda: kept(plumbing_engine), 2)
    stop.set()
    await pruning

    assert await kept(plumbing_engine) == 2


async def test_two_workers_forget_side_by_side(plumbing_engine: AsyncEngine) -> None:
    await write_keys(plumbing_engine, 1, 3000, DAYS + timedelta(minutes=1))
    before = datetime.now(UTC) - DAYS

    forgotten = await asyncio.gather(
        *(forget_keys(plumbing_engine, before, nothing_is_open, asyncio.Event()) for _ in range(2))
    )

    assert (sum(forgotten), await kept(plumbing_engine)) == (3000, 0)


def test_a_setting_cannot_be_less_than_the_promise_to_clients() -> None:
    with pytest.raises(ValidationError, match="idempotency_days"):
        ServiceSettings(service_name="x", database_url="x", http_port=1, idempotency_days=6)


async def test_the_key_of_a_sale_that_is_pending_stays(
    shop: ServedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expired_keys, "BATCH_KEYS", 2)
    for n in range(5):
        opened = await shop.sell(shop.strict, key=f"open-{n}", prefer="respond-async")
        assert opened.status_code == 202
        assert (await shop.sell(key=f"settled-{n}")).status_code == 201
    await grow_old(shop.engine)

    assert await forget(shop.engine) == 5
    assert await kept(shop.engine) == 5
    again = await shop.sell(shop.strict, key="open-3", prefer="respond-async")
    assert again.headers["Idempotent-Replayed"] == "true"

    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sales SET status = 'cancelled'"))
    assert (await forget(shop.engine), await kept(shop.engine)) == (5, 0)


async def test_a_till_that_names_its_sale_is_safe_even_after_the_key_is_gone(
    shop: ServedShop,
) -> None:
    body = shop.basket() | {"vente_id": "0199c2a4-7c1e-7000-8000-000000000042"}
    headers = {"Idempotency-Key": "till-1/1"}
    first = await shop.client.post("/api/ventes/", json=body, headers=headers)
    await grow_old(shop.engine)
    assert await forget(shop.engine) == 1

    again = await shop.client.post("/api/ventes/", json=body, headers=headers)

    assert again.content == first.content
    assert len(await shop.sale_ids()) == 1


async def grow_old(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE idempotency_keys SET created_at = created_at - CAST(:age AS interval)"),
            {"age": DAYS},
        )


async def test_keys_that_expire_under_repetitions_never_cause_a_fault(shop: ServedShop) -> None:
    # A request may find its key taken, and the key may expire before the request reads it.
    over = asyncio.Event()

    async with expiring_all_the_time(shop.engine, over):
        answers = [
            answer
            for _ in range(6)
            for answer in await asyncio.gather(*(shop.sell(key="same") for _ in range(40)))
        ]

    assert {answer.status_code for answer in answers} <= {201, 409}
    # Each answer is a new sale, because its key had expired, or the answer of an earlier request.
    assert {a.json()["vente_id"] for a in answers if a.status_code == 201} == await shop.sale_ids()


@asynccontextmanager
async def expiring_all_the_time(engine: AsyncEngine, over: asyncio.Event) -> AsyncIterator[None]:
    async def expire() -> None:
        while not over.is_set():
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM idempotency_keys"))

    expiring = asyncio.create_task(expire())
    yield
    over.set()
    await expiring
