"""Batches of sale events on a real database."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from service_kit.events.cloud_events import PoisonMessage
from stock_service.domain.levels import MOST_UNITS, ProductId
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    sale_cancelled,
    sale_recorded,
)
from tests.stock_service.conftest import Stock

WITHDRAWN = "stock.stock-withdrawn.v1"
REFUSED = "stock.stock-refused.v1"
LEVELS_CHANGED = "stock.stock-levels-changed.v1"


async def test_a_strict_sale_is_withdrawn_answered_and_announced(stock: Stock) -> None:
    await stock.put({COFFEE: 10})
    sale = sale_recorded((COFFEE, 2), (COFFEE, 1), traceparent="00-of-the-sale")

    await stock.receive(sale)

    assert await stock.levels() == {COFFEE: 7}
    answer, levels = await stock.outbox()
    assert (answer.type, answer.key) == (WITHDRAWN, str(STORE))
    assert answer.body["sale_id"] == str(sale.body.sale_id)
    assert answer.traceparent == levels.traceparent == "00-of-the-sale"
    assert levels.body["levels"] == [{"product_id": COFFEE, "on_hand": 7, "version": 2}]


async def test_a_refused_sale_names_every_missing_product_and_moves_nothing(stock: Stock) -> None:
    await stock.put({COFFEE: 1})

    await stock.receive(sale_recorded((COFFEE, 2), (TEA, 3)))

    assert await stock.levels() == {COFFEE: 1, TEA: 0}
    [answer] = await stock.outbox()
    assert answer.type == REFUSED
    assert answer.body["missing"] == [
        {"product_id": COFFEE, "requested": 2, "available": 1},
        {"product_id": TEA, "requested": 3, "available": 0},
    ]


async def test_a_permissive_sale_takes_below_zero_without_an_answer(stock: Stock) -> None:
    await stock.receive(sale_recorded((COFFEE, 2), policy="permissive"))

    assert await stock.levels() == {COFFEE: -2}
    assert [event.type for event in await stock.outbox("stock.stock-%")] == [LEVELS_CHANGED]


async def test_a_sale_delivered_twice_counts_and_is_answered_once(stock: Stock) -> None:
    await stock.put({COFFEE: 10})
    sale = sale_recorded((COFFEE, 2))

    await stock.receive(sale, sale)
    await stock.receive(sale)

    assert await stock.levels() == {COFFEE: 8}
    assert len(await stock.outbox(WITHDRAWN)) == 1
    assert len(await stock.outbox(LEVELS_CHANGED)) == 1


@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_a_cancelled_sale_gives_back_what_it_took(stock: Stock, in_one_batch: bool) -> None:
    await stock.put({COFFEE: 10, TEA: 4})
    sale = sale_recorded((COFFEE, 2), (TEA, 4))
    cancelled = sale_cancelled(sale)

    if in_one_batch:
        await stock.receive(sale, cancelled, cancelled)
    else:
        await stock.receive(sale)
        await stock.receive(cancelled)
        await stock.receive(cancelled)

    assert await stock.levels() == {COFFEE: 10, TEA: 4}
    assert (await stock.ledger())[-2:] == [("cancellation", 2, 10), ("cancellation", 4, 4)]
    assert await stock.differences() == []


async def test_a_sale_that_comes_after_its_cancellation_takes_nothing(stock: Stock) -> None:
    await stock.put({COFFEE: 10})
    sale = sale_recorded((COFFEE, 2))

    await stock.receive(sale_cancelled(sale))
    await stock.receive(sale)

    assert await stock.levels() == {COFFEE: 10}
    assert await stock.outbox() == []


async def test_a_batch_decides_in_log_order(stock: Stock) -> None:
    await stock.put({COFFEE: 3})
    first, second, third = (sale_recorded((COFFEE, quantity)) for quantity in (2, 2, 1))

    await stock.receive(first, second, third)

    answers = {event.body["sale_id"]: event.type for event in (await stock.outbox())[:3]}
    assert answers == {
        str(first.body.sale_id): WITHDRAWN,
        str(second.body.sale_id): REFUSED,
        str(third.body.sale_id): WITHDRAWN,
    }


async def test_a_batch_of_several_stores_announces_each_store_once(stock: Stock) -> None:
    await stock.receive(
        sale_recorded((COFFEE, 1), policy="permissive"),
        sale_recorded((COFFEE, 2), policy="permissive", store_id=OTHER_STORE),
        sale_recorded((COFFEE, 3), policy="permissive"),
    )

    announced = [(event.key, event.body["levels"]) for event in await stock.outbox(LEVELS_CHANGED)]
    assert announced == [
        (str(STORE), [{"product_id": COFFEE, "on_hand": -4, "version": 2}]),
        (str(OTHER_STORE), [{"product_id": COFFEE, "on_hand": -2, "version": 1}]),
    ]


async def test_a_sale_of_1200_lines_is_taken_whole(stock: Stock) -> None:
    products = [ProductId(number) for number in range(1, 1201)]
    await stock.put(dict.fromkeys(products, 5))

    await stock.receive(sale_recorded(*((product_id, 5) for product_id in products)))

    assert set((await stock.levels()).values()) == {0}
    types = [event.type for event in await stock.outbox("stock.stock-%")]
    assert types == [WITHDRAWN, LEVELS_CHANGED]


async def test_more_levels_than_an_event_holds_are_announced_in_several(stock: Stock) -> None:
    products = range(1, 2502)
    sales = (
        sale_recorded((ProductId(product_id), 1), policy="permissive") for product_id in products
    )

    await stock.receive(*sales)

    sizes = [len(event.body["levels"]) for event in await stock.outbox(LEVELS_CHANGED)]
    assert sizes == [2000, 501]


@pytest.mark.parametrize(
    "values",
    [{"policy": "lunar"}, {"policy": "strict", "status": "confirmed"}],
    ids=["unknown policy", "confirmed before the stock decided"],
)
async def test_a_sale_without_a_rule_is_poison(stock: Stock, values: dict[str, str]) -> None:
    sale = sale_recorded((COFFEE, 1), **values)  # type: ignore[arg-type]

    with pytest.raises(PoisonMessage, match=str(sale.body.sale_id)):
        await stock.receive(sale)


async def test_a_sale_beyond_every_level_is_poison(stock: Stock) -> None:
    with pytest.raises(PoisonMessage):
        await stock.receive(sale_recorded((COFFEE, MOST_UNITS + 1), policy="permissive"))


async def test_of_ten_concurrent_sales_of_the_last_unit_one_gets_it(stock: Stock) -> None:
    await stock.put({COFFEE: 1})

    await asyncio.gather(*(stock.receive(sale_recorded((COFFEE, 1))) for _ in range(10)))

    assert await stock.levels() == {COFFEE: 0}
    assert len(await stock.outbox(WITHDRAWN)) == 1
    assert len(await stock.outbox(REFUSED)) == 9


@pytest.mark.parametrize(
    "statement",
    ["UPDATE movements SET delta = 1", "DELETE FROM movements"],
)
async def test_the_ledger_only_grows(stock: Stock, statement: str) -> None:
    await stock.put({COFFEE: 1})

    with pytest.raises(DBAPIError, match="append-only"):
        await stock.execute(statement)


async def test_a_document_cannot_move_a_level_twice(stock: Stock) -> None:
    document_id = uuid4()
    insert = """
        INSERT INTO movements (store_id, product_id, delta, balance_after, level_version,
            kind, document_id, occurred_at)
        VALUES (1, 1, -1, -1, :version, 'sale', :document_id, now())
    """
    await stock.execute(insert, version=1, document_id=document_id)

    with pytest.raises(DBAPIError, match="document_id"):
        await stock.execute(insert, version=2, document_id=document_id)
