"""The benchmark's large databases are what the consumer would have counted."""

from datetime import date

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.measure.bench.lab import plain
from infra.tools.measure.bench.projections import (
    differing_tables,
    project_by_consumer,
    project_by_statements,
    project_catalogue,
)
from infra.tools.measure.bench.seed_tables import fill_seed_tables
from tests.fixtures.postgres import clone

LAST_DAY = date(2026, 6, 30)
LEVELS = "SELECT magasin_id, produit_id, quantite FROM seed.stocks ORDER BY 1, 2"


async def test_the_statements_project_what_the_consumer_projects(
    postgres_admin_url: str, report_template: str
) -> None:
    async with (
        clone(postgres_admin_url, report_template) as consumed,
        clone(postgres_admin_url, report_template) as stated,
    ):
        one = await filled(consumed)
        other = await filled(stated)

        await project_by_consumer(one, url_of(consumed))
        await project_by_statements(other, with_facts=True)

        assert await one.fetchval("SELECT sum(sales_count) FROM store_totals") == 3000
        assert await differing_tables(one, other) == []
        await one.close()
        await other.close()


async def filled(engine: AsyncEngine) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(plain(url_of(engine)))
    await fill_seed_tables(connection, 3000, LAST_DAY)
    await project_catalogue(url_of(engine), await connection.fetch(LEVELS))
    return connection


def url_of(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)
