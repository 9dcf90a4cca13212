"""A sale has the price of its store on its business date; so has what comes back."""

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service import telemetry
from sales_service.catalogue_cache import CatalogueCache
from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.main import create_app
from sales_service.settings import Settings
from sales_service.use_cases.manage_prices import show_begun_prices
from tests.fixtures.http import client_of
from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import close
from tests.sales_service.test_goods_returns import goods, take
from tests.sales_service.test_offline_sales import a_sale, at, only
from tests.sales_service.test_price_history import (
    AT_ONCE,
    history,
    plan,
    prices_of,
    set_price,
    shown,
    today,
)
from tests.sales_service.test_returns import bring_back, units
from tests.sales_service.test_scopes import give, refused


@pytest.fixture
async def sibling(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Run a second process on the same database."""
    url = shop.engine.url.render_as_string(hide_password=False)
    async with client_of(create_app(Settings(database_url=url, http_port=1)), shop.engine) as other:
        yield other


async def pass_days(shop: Shop, days: int) -> None:
    """Make all dates of prices so many days older, as if nobody had written meanwhile."""
    async with shop.engine.begin() as connection:
        await connection.execute(
            text("""
                UPDATE product_prices SET valid_from = valid_from - CAST(:days AS int)
                WHERE valid_from > '-infinity'
            """),
            {"days": days},
        )


async def sold_on(shop: Shop, day: date, store: int | None = None) -> float:
    """Return the total of one coffee at noon of a day."""
    body = shop.basket((shop.coffee, 1), store=store) | {"date": f"{day}T12:00:00"}
    answer = await shop.client.post("/api/ventes/", json=body, headers=AT_ONCE)
    assert answer.status_code in (201, 202), answer.text
    total: float = answer.json()["total"]
    return total


@pytest.mark.parametrize("age", [5, 100])
async def test_the_price_of_the_business_date_counts(shop: Shop, age: int) -> None:
    await plan(shop, 20, days=1)
    await plan(shop, 15, days=2, magasin_id=shop.strict)
    await plan(shop, None, days=3, magasin_id=shop.strict)
    await pass_days(shop, age)
    first = await today(shop) - timedelta(days=age)
    days = [first + timedelta(days=n) for n in range(4)]

    assert [await sold_on(shop, day) for day in days] == [12.5, 20, 20, 20]
    assert [await sold_on(shop, day, shop.strict) for day in days] == [12.5, 20, 15, 20]


async def test_only_goods_with_dated_prices_are_read_again_for_old_sales(shop: Shop) -> None:
    await set_price(shop, 20)
    cache = CatalogueCache(shop.engine)
    store, long_ago = StoreId(shop.permissive), await today(shop) - timedelta(days=100)

    async def is_read(product_id: int, sold_at: date) -> bool:
        goods = await cache.look_up(store, {ProductId(product_id)}, sold_at)
        return goods.is_fresh

    assert [await is_read(shop.tea, long_ago) for _ in range(3)] == [True, False, False]
    assert [await is_read(shop.coffee, long_ago) for _ in range(2)] == [True, True]
    assert [await is_read(shop.coffee, await today(shop)) for _ in range(2)] == [True, False]


async def test_a_planned_price_begins_without_a_write(shop: Shop) -> None:
    """The process has read the product before; only the day makes the difference."""
    begins = await plan(shop, 20, days=1)
    before = (await shop.sell((shop.coffee, 1))).json()["total"]

    # The next business day begins when this one is closed.
    assert (await close(shop, begins - timedelta(days=1))).status_code == 201
    after = (await shop.sell((shop.coffee, 1))).json()["total"]

    assert (before, after) == (12.5, 20)


@pytest.mark.parametrize("store_only", [False, True])
async def test_a_price_that_another_process_sets_counts_for_the_next_sale(
    shop: Shop, sibling: httpx.AsyncClient, store_only: bool
) -> None:
    store = {"magasin_id": shop.permissive} if store_only else {}
    await shop.sell((shop.coffee, 1))
    day = (await today(shop)).isoformat()

    totals = []
    for price in (20, 21, 22):
        answer = await sibling.post(prices_of(shop.coffee), json={"prix": price, "du": day} | store)
        assert answer.status_code == 201
        totals.append((await shop.sell((shop.coffee, 1))).json()["total"])

    assert totals == [20, 21, 22]


async def test_two_stores_of_one_process_keep_their_prices(shop: Shop) -> None:
    await set_price(shop, 10, magasin_id=shop.strict)
    await set_price(shop, 11, magasin_id=shop.permissive)

    basket = ((shop.coffee, 1), (shop.tea, 1))
    sales = [
        await shop.sell(*basket, store=store, headers=AT_ONCE)
        for store in (shop.strict, shop.permissive) * 2
    ]

    prices = [sale.json()["lignes"][0]["prix_catalogue"] for sale in sales]
    assert prices == [10, 11, 10, 11]


async def test_the_price_of_the_day_is_no_override(shop: Shop) -> None:
    await set_price(shop, 10, magasin_id=shop.permissive)
    till = await give(shop)
    body = shop.basket((shop.coffee, 1))

    body["panier"][0]["prix_unitaire"] = 12.5
    of_chain = await shop.client.post("/api/ventes/", json=body, headers=till)
    body["panier"][0]["prix_unitaire"] = 10
    own = await shop.client.post("/api/ventes/", json=body, headers=till)

    assert refused(of_chain) == (403, "droit-insuffisant")
    assert own.status_code == 201


async def test_an_offline_sale_has_the_price_of_its_day(shop: Shop) -> None:
    await plan(shop, 20, days=3)
    await pass_days(shop, 4)
    till = await give(shop)

    without = await only(shop, a_sale(shop, hours=72), till)
    right = await only(shop, a_sale(shop, hours=72, panier=at(12.5, shop)), till)
    wrong = await only(shop, a_sale(shop, hours=72, panier=at(20, shop)), till)

    assert without["vente"]["lignes"][0]["prix_catalogue"] == 12.5
    assert [each["vente"]["prix_force"] for each in (without, right, wrong)] == [False, False, True]


async def test_goods_without_receipt_come_back_at_the_price_of_the_day(shop: Shop) -> None:
    await set_price(shop, 10, magasin_id=shop.permissive)
    await plan(shop, 20, days=3)
    await pass_days(shop, 5)
    first = await today(shop) - timedelta(days=5)

    totals = [
        (await take(shop, goods(shop, (shop.coffee, 1), magasin_id=store, date=str(day)))).json()
        for store in (shop.permissive, shop.strict)
        for day in (first, first + timedelta(days=4))
    ]

    assert [returned["total"] for returned in totals] == [10, 10, 12.5, 20]


async def test_a_receipt_keeps_its_price(shop: Shop) -> None:
    sale = (await shop.sell((shop.coffee, 1))).json()
    await set_price(shop, 20)

    back = await bring_back(shop, sale, units((1, 1)))

    assert back.json()["total"] == 12.5


async def show_begun(shop: Shop) -> int:
    async with AsyncSession(shop.engine) as session, session.begin():
        return await show_begun_prices(session, 10)


async def test_the_product_shows_a_planned_price_when_it_has_begun(shop: Shop) -> None:
    await plan(shop, 20, days=1)
    assert await show_begun(shop) == 0
    await pass_days(shop, 1)
    before = (await shop.client.get(f"/api/produits/{shop.coffee}")).json()

    assert [await show_begun(shop), await show_begun(shop)] == [1, 0]

    after = (await shop.client.get(f"/api/produits/{shop.coffee}")).json()
    assert (after["prix"], after["version"]) == (20, before["version"] + 1)
    async with shop.engine.connect() as connection:
        events = await connection.execute(
            text("""
                SELECT payload FROM outbox
                WHERE type = 'catalogue.product-changed.v1' AND subject = :product ORDER BY id
            """),
            {"product": f"product/{shop.coffee}"},
        )
        assert json.loads(events.scalars().all()[-1])["unit_price"] == "20.0000"


async def test_prices_that_begin_are_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    class Prices:
        def add(self, products: int) -> None:
            counted.append(products)

    monkeypatch.setattr(telemetry, "_PRICES", Prices())
    await plan(shop, 20, days=1)
    await show_begun(shop)
    await pass_days(shop, 1)

    await show_begun(shop)

    assert counted == [0, 1]


async def test_a_price_that_is_put_on_the_day_of_a_planned_one_counts(shop: Shop) -> None:
    await plan(shop, 20, days=1)
    await pass_days(shop, 1)

    await shop.client.put(f"/api/produits/{shop.coffee}", json={"prix": 12.5})
    await show_begun(shop)

    assert await shown(shop) == 12.5
    assert [price for _, _, price, _ in await history(shop)] == [12.5, 20, 12.5]
