"""A movement names who caused it, and so does what the stock announces."""

import httpx

from tests.stock_service.builders import (
    COFFEE,
    TEA,
    level_declared,
    product_changed,
    reception,
    sale_cancelled,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock

TILL = "store-3/till"


async def movements(stock: Stock) -> list[tuple[str, str | None]]:
    rows = await stock.execute("SELECT kind, actor FROM movements ORDER BY id")
    return [(row.kind, row.actor) for row in rows]


async def test_a_posted_movement_names_the_caller(stock: Stock, api: httpx.AsyncClient) -> None:
    await stock.receive(store_changed(), product_changed(COFFEE))

    answer = await api.post("/api/stock/mouvements", json=reception((COFFEE, 2)))

    assert answer.status_code == 201, answer.text
    assert await movements(stock) == [("reception", "test/manager")]
    assert {event.actor for event in await stock.outbox()} == {"test/manager"}


async def test_the_movements_of_a_sale_name_its_till_and_those_of_its_end_who_ended_it(
    stock: Stock,
) -> None:
    await stock.put({COFFEE: 5})
    sale = sale_recorded((COFFEE, 2), actor=TILL)

    await stock.receive(sale)
    await stock.receive(sale_cancelled(sale, actor="sales-worker"))

    assert await movements(stock) == [
        ("reception", None),
        ("sale", TILL),
        ("cancellation", "sales-worker"),
    ]
    assert [event.actor for event in await stock.outbox()] == [TILL, TILL, "sales-worker"]


async def test_each_movement_of_a_batch_names_its_own_cause(stock: Stock) -> None:
    await stock.receive(
        level_declared("opening", 5, actor="test/head-office"),
        sale_recorded((COFFEE, 1), policy="permissive", actor=TILL),
        sale_recorded((TEA, 1), policy="permissive"),
    )

    assert await movements(stock) == [
        ("opening", "test/head-office"),
        ("sale", TILL),
        ("sale", None),
    ]
