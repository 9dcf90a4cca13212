"""A key from before keys knew their store goes on working as it did."""

import asyncio

import pytest
from sqlalchemy import text

from infra.tools.local.layout import ROOT, SERVICES
from tests.fixtures.postgres import database, engine_on, migrate

RIGHTS_OF_TILL = ["backdate", "price-override"]


def revision_before(service: str) -> str:
    """Return the revision before the migration that gives keys a scope."""
    [migration] = (ROOT / f"{service}-service/migrations/versions").glob("*_scopes_of_keys.py")
    return f"{int(migration.name.partition('_')[0]) - 1:04}"


@pytest.mark.parametrize("service", SERVICES)
async def test_an_earlier_key_keeps_all_stores_and_its_rights(
    postgres_admin_url: str, service: str
) -> None:
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, service, url, revision_before(service))
        async with engine.begin() as connection:
            await connection.execute(
                text("INSERT INTO api_keys (key_hash, client_id, role) VALUES (:h, 'a', 'till')"),
                {"h": b"a hash"},
            )

        await asyncio.to_thread(migrate, service, url)

        async with engine.connect() as connection:
            found = await connection.execute(text("SELECT sites, rights FROM api_keys"))
            assert [tuple(row) for row in found] == [(None, RIGHTS_OF_TILL)]
