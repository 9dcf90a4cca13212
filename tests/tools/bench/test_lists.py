"""The benchmark's sales are receipts that the API answers, and none of its lists is empty."""

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.measure.bench.filling import fill
from infra.tools.measure.bench.lab import plain
from infra.tools.measure.bench.lists import LAST_DAY, list_reads
from sales_service.main import create_app
from sales_service.settings import Settings
from tests.fixtures.http import client_of

SALES = 20_000


@pytest.fixture
async def client(sales_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of a sales service with a year of sales."""
    url = sales_engine.url.render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain(url))
    await fill(connection, "catalogue_sales", "sales", sales=SALES, last_day=LAST_DAY)
    await connection.close()
    async with client_of(create_app(Settings(database_url=url, http_port=1)), sales_engine) as one:
        yield one


async def test_each_list_has_rows(client: httpx.AsyncClient) -> None:
    for name, path in list_reads().items():
        answer = await client.get(path)

        assert answer.status_code == 200, name
        found = answer.json()
        assert found["produits"] if isinstance(found, dict) else found, name


async def test_the_sums_of_a_receipt_are_those_of_its_lines(client: httpx.AsyncClient) -> None:
    [sale] = (await client.get(list_reads()["a sale by its number"])).json()

    lines = sale["lignes"]
    assert len(lines) == 3
    assert round(sum(line["sous_total"] for line in lines), 2) == sale["total"] == 3.0
    for tax in sale["taxes"]:
        of_lines = [each for line in lines for each in line["taxes_detail"]]
        shares = [each["montant"] for each in of_lines if each["code"] == tax["code"]]
        assert round(sum(shares), 2) == tax["montant"]
