"""Levels that head office declares: opening stock and counts."""

from tests.stock_service.builders import COFFEE, TEA, level_declared, sale_recorded
from tests.stock_service.conftest import Stock


async def test_an_opening_stock_is_added_to_what_sales_already_took(stock: Stock) -> None:
    await stock.receive(sale_recorded((COFFEE, 2), policy="permissive"))

    await stock.receive(level_declared("opening", 50))

    assert await stock.levels() == {COFFEE: 48}
    assert await stock.ledger() == [("sale", -2, -2), ("opening", 50, 48)]
    assert await stock.differences() == []


async def test_a_count_is_the_level_for_the_sales_after_it(stock: Stock) -> None:
    await stock.put({COFFEE: 10})

    await stock.receive(
        sale_recorded((COFFEE, 3)), level_declared("count", 100), sale_recorded((COFFEE, 1))
    )

    assert await stock.levels() == {COFFEE: 99}
    assert await stock.differences() == []


async def test_a_declaration_takes_effect_once(stock: Stock) -> None:
    opening, count = level_declared("opening", 5), level_declared("count", 7, product_id=TEA)

    await stock.receive(opening, opening, count)
    await stock.receive(sale_recorded((COFFEE, 1), (TEA, 1)))
    await stock.receive(count, opening)

    assert await stock.levels() == {COFFEE: 4, TEA: 6}


async def test_a_count_that_agreed_is_not_applied_to_a_later_level(stock: Stock) -> None:
    await stock.put({COFFEE: 10})
    count = level_declared("count", 10)

    await stock.receive(count)
    await stock.receive(sale_recorded((COFFEE, 4)))
    await stock.receive(count)

    assert await stock.levels() == {COFFEE: 6}


async def test_a_declared_level_is_announced_in_its_trace(stock: Stock) -> None:
    await stock.receive(level_declared("opening", 50, traceparent="00-of-the-product"))

    [levels] = await stock.outbox()
    assert levels.traceparent == "00-of-the-product"
    assert levels.body["levels"] == [{"product_id": COFFEE, "on_hand": 50, "version": 1}]


async def test_of_two_counts_in_a_batch_the_later_one_holds(stock: Stock) -> None:
    await stock.receive(level_declared("count", 9), level_declared("count", 3))

    assert await stock.levels() == {COFFEE: 3}
