"""Sales from before voids were kept stay as they are, and processes of that version go on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.fixtures.postgres import database, engine_on, migrate

BEFORE = "0009"
# The migration that brought the columns, and the present: a later one writes both checks as one.
WITH_VOIDS = ["0011", "head"]

_STORE = """
    INSERT INTO stores (name, address, city, kind, timezone, cutoff_hour, currency, stock_policy,
        taxes)
    VALUES ('Plateau', '', '', 'store', 'UTC', 0, 'CAD', 'strict', '[]')
"""
_SALES = """
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id)
    SELECT gen_random_uuid(), stores.id, status, status, 'strict', now(), 0, now(), CURRENT_DATE,
        12, 'CAD', '[]', 100, 0, 'till'
    FROM stores, unnest(ARRAY['pending', 'confirmed', 'rejected', 'cancelled']) AS status
"""
# The statement of the version before.
_OLD_CANCEL = "UPDATE sales SET status = 'cancelled', decided_at = now() WHERE status = 'pending'"


@pytest.fixture(params=WITH_VOIDS)
async def engine(
    postgres_admin_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[AsyncEngine]:
    """Return a database whose sales got the columns of voids after they were made."""
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "sales", url, BEFORE)
        async with engine.begin() as connection:
            await connection.execute(text(_STORE))
            await connection.execute(text(_SALES))
        await asyncio.to_thread(migrate, "sales", url, request.param)
        yield engine


async def test_old_sales_and_an_old_process_keep_the_checks(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(_OLD_CANCEL))
        unchecked = await connection.execute(
            text("SELECT conname FROM pg_constraint WHERE NOT convalidated")
        )
        assert list(unchecked) == []


@pytest.mark.parametrize(
    "change",
    [
        "status = 'voided', void_origin = 'till'",
        "status = 'cancelled', void_origin = 'timeout'",
        "status = 'cancelled'",
    ],
)
async def test_a_void_with_its_origin_is_kept(engine: AsyncEngine, change: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE sales SET {change} WHERE status = 'confirmed'"))


@pytest.mark.parametrize(
    "change",
    [
        "status = 'voided'",
        "void_origin = 'till'",
        "status = 'voided', void_origin = 'somebody'",
        "status = 'melted'",
    ],
)
async def test_a_void_has_an_origin_and_only_a_void_has_one(
    engine: AsyncEngine, change: str
) -> None:
    with pytest.raises(IntegrityError, match=r"sales_(status|void)_check"):
        async with engine.begin() as connection:
            await connection.execute(text(f"UPDATE sales SET {change} WHERE status = 'confirmed'"))
