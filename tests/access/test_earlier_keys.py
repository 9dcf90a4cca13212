"""A key from before keys knew their store goes on working as it did."""

import asyncio

import pytest
from sqlalchemy import text

from tests.fixtures.postgres import database, engine_on, migrate

BEFORE = {"sales": "0004", "stock": "0006", "report": "0005"}
RIGHTS_OF_TILL = ["backdate", "price-override"]


@pytest.mark.parametrize(("service", "revision"), BEFORE.items())
async def test_an_earlier_key_keeps_all_stores_and_its_rights(
    postgres_admin_url: str, service: str, revision: str
) -> None:
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, service, url, revision)
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO api_keys (key_hash, client_id, role) VALUES (:h, 'a', 'till')"),
                {"h": b"a hash"},
            )

        await asyncio.to_thread(migrate, service, url)

        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT sites, rights FROM api_keys"))
            assert [tuple(row) for row in found] == [(None, RIGHTS_OF_TILL)]
