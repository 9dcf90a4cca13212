"""A process prices sales from its cache of the catalogue, but never from stale entries."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text

from sales_service.main import create_app
from sales_service.settings import Settings
from tests.fixtures.http import client_of
from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import count


@pytest.fixture
async def sibling(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Run a second process on the same database."""
    url = shop.engine.url.render_as_string(hide_password=False)
    async with client_of(create_app(Settings(database_url=url, http_port=1)), shop.engine) as other:
        yield other


async def test_a_change_by_another_process_counts_for_the_next_sale(
    shop: Shop, sibling: httpx.AsyncClient
) -> None:
    await shop.sell((shop.coffee, 1))
    await sibling.put(f"/api/produits/{shop.coffee}", json={"prix": 20, "nom": "Café en grains"})
    await sibling.put(f"/api/magasins/{shop.permissive}", json={"taxes": []})

    sale = (await shop.sell((shop.coffee, 1), (shop.tea, 1))).json()

    assert (sale["total"], sale["total_ttc"]) == (24.33, 24.33)
    assert sale["lignes"][0]["nom"] == "Café en grains"
    assert sale["numero"].endswith("-000002")


async def open_in_quebec(shop: Shop) -> int:
    body = {"nom": "Laval", "politique_stock": "permissive", "lieu_fiscal": "QC"}
    return int((await shop.client.post("/api/magasins/", json=body)).json()["id"])


async def test_a_rate_that_another_process_adds_counts_for_the_next_sale(
    shop: Shop, sibling: httpx.AsyncClient
) -> None:
    store = await open_in_quebec(shop)
    before = await shop.sell((shop.coffee, 8), store=store)
    rate = {"lieu": "QC", "classe": "taxable", "code": "TVQ", "taux": 0.1, "du": "2020-01-01"}

    assert (await sibling.post("/api/taxes/", json=rate)).status_code == 201
    after = [await shop.sell((shop.coffee, 8), store=store) for _ in range(2)]

    totals = [answer.json()["total_ttc"] for answer in (before, *after)]
    assert totals == [114.98, 115, 115]
    # A sale by stale rates uses up no number.
    assert [answer.json()["numero"][-1] for answer in (before, *after)] == ["1", "2", "3"]


async def withdraw_coffee(shop: Shop) -> None:
    """Retire a product as another instance does: each change raises the version."""
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("UPDATE products SET is_active = false, version = version + 1 WHERE id = :id"),
            {"id": shop.coffee},
        )


async def test_what_has_been_withdrawn_is_not_sold(shop: Shop) -> None:
    await shop.sell((shop.coffee, 1))
    await withdraw_coffee(shop)

    answer = await shop.sell((shop.coffee, 1))

    assert (answer.status_code, answer.json()["code"]) == (409, "produit-retire")
    assert await count(shop, "sales") == 1


async def test_a_repetition_is_answered_though_its_product_is_withdrawn(shop: Shop) -> None:
    key = {"Idempotency-Key": "till-1/42"}
    first = await shop.sell((shop.coffee, 1), headers=key)
    await withdraw_coffee(shop)

    again = await shop.sell((shop.coffee, 1), headers=key)

    assert (again.status_code, again.content) == (201, first.content)


CHANGES = {
    "prices": "UPDATE products SET version = version + 1",
    "rates": "UPDATE tax_places SET version = version + 1",
}


@pytest.mark.parametrize("what", CHANGES)
async def test_sales_go_on_while_prices_or_rates_change_all_the_time(shop: Shop, what: str) -> None:
    store = await open_in_quebec(shop)
    sold = asyncio.Event()

    changes = 0

    async def change() -> None:
        nonlocal changes
        while not sold.is_set():
            async with shop.engine.begin() as connection:
                await connection.execute(text(CHANGES[what]))
            changes += 1

    answers: list[httpx.Response] = []
    async with asyncio.TaskGroup() as both:
        both.create_task(change())
        try:
            while changes < 6:
                sales = (shop.sell((shop.coffee, 1), store=store) for _ in range(20))
                answers += await asyncio.gather(*sales)
        finally:
            sold.set()

    assert {answer.status_code for answer in answers} == {201}
    assert await count(shop, "sales") == len(answers)
