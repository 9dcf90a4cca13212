"""Movements of before a count that arrive after it: the counted level stays as it was counted."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from stock_service.events.consumed import ReturnLine, ReturnRecorded
from tests.stock_service.builders import (
    COFFEE,
    STORE,
    TEA,
    an_event,
    reception,
    sale_voided,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.counting import (
    SECOND,
    close,
    enter,
    line_of,
    open_shop,
    opened,
    sold,
)
from tests.stock_service.test_counts import sound

MOVEMENTS = "/api/stock/mouvements"


@pytest.fixture(autouse=True)
async def shop(stock: Stock) -> None:
    await open_shop(stock)


async def test_a_late_sale_is_expected_until_the_posting(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 46))
    assert (await line_of(api, url))[3] == -4
    await stock.receive(sold(at - SECOND, (COFFEE, 4)))

    assert await line_of(api, url) == ("compte", 46, 46, 0, 0)
    await close(api, url)

    assert await stock.levels() == {COFFEE: 46, TEA: 5}
    assert await sound(stock_engine)


async def test_a_late_sale_does_not_lower_a_counted_level(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 46))
    await close(api, url)

    late = sold(at - SECOND, (COFFEE, 4), (TEA, 1))
    await stock.receive(late)
    await stock.receive(late)

    assert await stock.levels() == {COFFEE: 46, TEA: 4}
    assert (await stock.ledger())[-3:] == [
        ("sale", -4, 42),
        ("count-correction", 4, 46),
        ("sale", -1, 4),
    ]
    assert (await line_of(api, url))[4] == 4
    [_, correction, _] = await stock.execute(
        "SELECT document_id, reason, occurred_at FROM movements ORDER BY id DESC LIMIT 3"
    )
    assert correction.reason == str(late.body.sale_id)
    shown = await api.get(f"{MOVEMENTS}/{correction.document_id}")
    assert shown.json()["type"] == "correction_inventaire"
    assert await sound(stock_engine)


async def test_a_later_sale_lowers_it(api: httpx.AsyncClient, stock: Stock) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 46))
    await close(api, url)

    await stock.receive(sold(at, (COFFEE, 1)), sold(at + SECOND, (COFFEE, 1)))

    assert await stock.levels() == {COFFEE: 44, TEA: 5}


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({}, 46),  # an event of before the field
        ({"sold_by": None}, 45),  # by the clock of an API that is slow
        ({"sold_by": -SECOND}, 46),
        ({"sold_by": timedelta(hours=3)}, 45),  # a date without a time: the end of the day
    ],
    ids=str,
)
async def test_a_sale_is_before_a_count_if_it_must_have_been(
    api: httpx.AsyncClient, stock: Stock, told: dict[str, Any], left: int
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 46))
    await close(api, url)
    instants = {name: each if each is None else at + each for name, each in told.items()}

    sale = sold(at - timedelta(hours=1), (COFFEE, 1), recorded_at=at + SECOND, **instants)
    await stock.receive(sale)

    assert await stock.levels() == {COFFEE: left, TEA: 5}


async def test_what_comes_back_of_a_late_sale_comes_back(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 46))
    await close(api, url)
    late = sold(at - SECOND, (COFFEE, 4))

    await stock.receive(late, sale_voided(late, voided_at=at + SECOND))

    assert await stock.levels() == {COFFEE: 50, TEA: 5}
    assert await sound(stock_engine)


async def test_what_came_back_before_the_count_was_counted(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    early = sold((await stock.execute("SELECT now() AS at"))[0].at, (COFFEE, 4))
    await stock.receive(early)
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 50))
    await close(api, url)
    returned = ReturnRecorded(
        uuid4(), STORE, at - SECOND, "Essai", [ReturnLine(COFFEE, 1, is_restocked=False)]
    )

    await stock.receive(sale_voided(early, voided_at=at - SECOND), an_event(returned))

    assert await stock.levels() == {COFFEE: 50, TEA: 5}
    assert await sound(stock_engine)


@pytest.mark.parametrize("path", [MOVEMENTS, f"{MOVEMENTS}/lots"])
async def test_a_document_that_is_dated_back_was_counted(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine, path: str
) -> None:
    url = await opened(api)
    at = await enter(api, url, (COFFEE, 60))
    await close(api, url)
    body: dict[str, Any] = reception((COFFEE, 10), (TEA, 2))
    body["survenu_a"] = (at - timedelta(hours=1)).isoformat()
    if path != MOVEMENTS:
        body["lignes"] = [line | {"magasin_id": STORE} for line in body["lignes"]]
        del body["magasin_id"]

    answer = await api.post(path, json=body)

    assert answer.status_code == 201, answer.text
    assert await stock.levels() == {COFFEE: 60, TEA: 7}
    assert (await line_of(api, url))[4] == -10
    told = (await stock.outbox("stock.stock-levels-changed.v1"))[-1].body["levels"]
    assert [(each["product_id"], each["on_hand"]) for each in told] == [(COFFEE, 60), (TEA, 7)]
    assert await sound(stock_engine)


async def test_a_late_sale_meets_two_counts(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    first, second = await opened(api), await opened(api)
    at = await enter(api, first, (COFFEE, 46))
    await enter(api, second, (COFFEE, 45))
    await close(api, first)

    await stock.receive(sold(at - SECOND, (COFFEE, 4)))

    assert await line_of(api, second) == ("compte", 45, 46, -1, 0)
    await close(api, second)
    await stock.receive(sold(at - SECOND, (COFFEE, 2)))
    assert await stock.levels() == {COFFEE: 45, TEA: 5}
    assert [(await line_of(api, url))[4] for url in (first, second)] == [4, 2]
    assert await sound(stock_engine)
