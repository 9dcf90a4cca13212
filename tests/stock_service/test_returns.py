"""Goods that customers bring back."""

from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from service_kit.events.cloud_events import Event
from stock_service.domain.levels import ProductId, StoreId
from stock_service.events.consumed import ReturnLine, ReturnRecorded
from tests.stock_service.builders import (
    COFFEE,
    NOON,
    OTHER_STORE,
    STORE,
    TEA,
    an_event,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock


def return_recorded(
    *lines: tuple[ProductId, int, bool],
    store_id: StoreId = STORE,
    return_id: UUID | None = None,
    traceparent: str | None = None,
    actor: str | None = None,
) -> Event[ReturnRecorded]:
    goods = [ReturnLine(*line) for line in lines]
    body = ReturnRecorded(return_id or uuid4(), store_id, NOON, "taille", goods)
    return an_event(body, traceparent, actor)


async def test_goods_that_come_back_can_be_sold_again(stock: Stock) -> None:
    await stock.put({COFFEE: 3})
    await stock.receive(sale_recorded((COFFEE, 3)))

    await stock.receive(return_recorded((COFFEE, 2, True)))
    await stock.receive(sale_recorded((COFFEE, 2)))

    assert await stock.levels() == {COFFEE: 0}
    assert await stock.ledger() == [
        ("reception", 3, 3),
        ("sale", -3, 0),
        ("return", 2, 2),
        ("sale", -2, 0),
    ]


async def test_goods_that_cannot_be_sold_again_come_and_go(stock: Stock) -> None:
    await stock.put({COFFEE: 5})

    await stock.receive(return_recorded((COFFEE, 1, False), (TEA, 1, True), (COFFEE, 2, True)))

    assert await stock.levels() == {COFFEE: 7, TEA: 1}
    assert sorted(await stock.ledger()) == [
        ("loss", -1, 7),
        ("reception", 5, 5),
        ("return", 1, 1),
        ("return", 3, 8),
    ]
    assert await stock.differences() == []


async def test_a_return_takes_effect_once(stock: Stock) -> None:
    first = return_recorded((COFFEE, 2, True), (COFFEE, 1, False))

    await stock.receive(first, first)
    await stock.receive(return_recorded((COFFEE, 4, True)), first)

    assert await stock.levels() == {COFFEE: 6}
    assert len(await stock.ledger()) == 3


@pytest.mark.parametrize("policy", ["strict", "permissive"])
async def test_a_return_asks_no_policy(stock: Stock, policy: str) -> None:
    await stock.receive(store_changed(OTHER_STORE, policy=policy))

    await stock.receive(return_recorded((COFFEE, 1, True), store_id=OTHER_STORE))

    assert await stock.levels(OTHER_STORE) == {COFFEE: 1}
    # A return is no sale: nobody waits for an answer.
    assert [each.type for each in await stock.outbox()] == ["stock.stock-levels-changed.v1"]


async def test_a_return_may_have_the_id_of_a_sale(stock: Stock) -> None:
    sale_id = uuid4()
    await stock.put({COFFEE: 1})

    await stock.receive(
        sale_recorded((COFFEE, 1), sale_id=sale_id),
        return_recorded((COFFEE, 1, True), return_id=sale_id),
    )

    assert await stock.levels() == {COFFEE: 1}


async def test_levels_are_announced_in_the_trace_of_the_return(stock: Stock) -> None:
    await stock.receive(return_recorded((COFFEE, 1, False), traceparent="00-of-the-return"))

    [levels] = await stock.outbox("stock.stock-levels-changed.v1")
    assert {each.traceparent for each in await stock.outbox()} == {"00-of-the-return"}
    assert levels.body["levels"] == [{"product_id": COFFEE, "on_hand": 0, "version": 2}]


async def test_the_ledger_tells_why_and_who_in_french(stock: Stock, api: httpx.AsyncClient) -> None:
    returned = return_recorded((COFFEE, 1, False), actor="caisse-1/till")
    await stock.receive(returned)

    answer = await api.get("/api/stock/mouvements")
    document = await api.get(f"/api/stock/mouvements/{returned.body.return_id}")

    lines: list[dict[str, Any]] = answer.json()
    assert [(line["type"], line["delta"], line["motif"]) for line in lines] == [
        ("perte", -1, "taille"),
        ("retour", 1, "taille"),
    ]
    # The sales service has the document, as it has those of sales.
    assert document.status_code == 404
    rows = await stock.execute("SELECT DISTINCT actor FROM movements")
    assert [row.actor for row in rows] == ["caisse-1/till"]


@pytest.mark.parametrize("seed", range(3))
async def test_however_returns_are_delivered_the_level_is_their_sum(
    stock: Stock, seed: int
) -> None:
    random = Random(seed)
    returns = [
        return_recorded(
            *(
                (random.choice([COFFEE, TEA]), random.randint(1, 4), random.random() < 0.5)
                for _ in range(random.randint(1, 4))
            )
        )
        for _ in range(10)
    ]
    deliveries = returns + random.choices(returns, k=10)
    random.shuffle(deliveries)

    while deliveries:
        batch = [deliveries.pop() for _ in range(min(len(deliveries), random.randint(1, 5)))]
        await stock.receive(*batch)

    expected = {COFFEE: 0, TEA: 0}
    for each in returns:
        for line in each.body.lines:
            expected[line.product_id] += line.quantity if line.is_restocked else 0
    assert await stock.levels() == expected
    assert await stock.differences() == []
