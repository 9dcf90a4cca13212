"""How far a store's days are closed: who waits for whom, and that no version tells it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.business_days import advance, lock_days
from sales_service.db.catalogue import read_store_for_sale
from sales_service.domain.business_day import place_in_business_day
from tests.fixtures.postgres import database, engine_on, migrate
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop

BEFORE, WITH_CLOSED_DAYS = "0018", "0019"
DAY = date(2026, 3, 2)

_STORES = """
    INSERT INTO stores (name, address, city, kind, timezone, cutoff_hour, currency, stock_policy,
        taxes)
    SELECT zone, '', '', 'store', zone, 4, 'CAD', 'strict', '[]'
    FROM unnest(ARRAY['Pacific/Kiritimati', 'UTC', 'Pacific/Pago_Pago']) AS zone
"""
_CLOSED = "SELECT timezone, cutoff_hour, closed_through FROM stores"
_LOCK_WAITERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
async def old_engine(postgres_admin_url: str) -> AsyncIterator[AsyncEngine]:
    """Return a database whose stores were open before days could be closed."""
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "sales", url, BEFORE)
        async with engine.begin() as connection:
            await connection.execute(text(_STORES))
        await asyncio.to_thread(migrate, "sales", url, WITH_CLOSED_DAYS)
        yield engine


async def test_old_stores_have_closed_what_can_no_longer_be_voided(old_engine: AsyncEngine) -> None:
    async with old_engine.connect() as connection:
        stores = (await connection.execute(text(_CLOSED))).all()

    now = datetime.now(UTC)
    today = {
        store.timezone: place_in_business_day(None, now, store.timezone, store.cutoff_hour)
        for store in stores
    }
    assert len(stores) == 3
    for store in stores:
        assert (today[store.timezone].business_date - store.closed_through).days == 2


async def test_a_closed_day_changes_no_version(shop: Shop) -> None:
    url = f"/api/magasins/{shop.permissive}"
    before = await shop.client.get(url)

    async with AsyncSession(shop.engine) as session, session.begin():
        days = await lock_days(session, shop.permissive)
        assert days is not None
        assert days.closed_through is None
        await advance(session, shop.permissive, DAY)

    after = await shop.client.get(url)
    assert (after.headers["ETag"], after.json()) == (before.headers["ETag"], before.json())
    async with AsyncSession(shop.engine) as session:
        store = await read_store_for_sale(session, shop.permissive)
        other = await read_store_for_sale(session, shop.strict)
    assert store is not None
    assert other is not None
    assert (store.closed_through, other.closed_through) == (DAY, None)


async def test_an_unknown_store_has_no_days(shop: Shop) -> None:
    async with AsyncSession(shop.engine) as session:
        assert await lock_days(session, 999_999) is None


async def test_a_closing_is_never_in_the_middle_of_a_sale(shop: Shop) -> None:
    async with AsyncSession(shop.engine) as session, session.begin():
        await lock_days(session, shop.permissive)
        selling = asyncio.create_task(shop.sell((shop.coffee, 1)))
        await eventually(lambda: _is_waiting(shop.engine), True)
        assert not selling.done()

    assert (await selling).status_code == 201


async def _is_waiting(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool((await connection.execute(text(_LOCK_WAITERS))).scalar())
