"""A voided sale gives its goods back exactly once, whenever and however often the void arrives."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import find_all_differences
from service_kit.events.cloud_events import Event, PoisonMessage
from stock_service.db.audits import CHECKS
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    TEA,
    sale_cancelled,
    sale_recorded,
    sale_voided,
)
from tests.stock_service.conftest import Stock

TAKEN = "stock.stock-withdrawn.v1"
LEVELS_CHANGED = "stock.stock-levels-changed.v1"
TILL = "store-3/till"


async def differences(stock: Stock) -> list[str]:
    found: list[str] = []
    for check in CHECKS:
        async with AsyncSession(stock.engine) as session:
            found += await find_all_differences(session, check)
    return found


@pytest.mark.parametrize("policy", ["strict", "permissive"])
@pytest.mark.parametrize("in_one_batch", [True, False])
async def test_a_voided_sale_gives_back_what_it_took(
    stock: Stock, policy: str, in_one_batch: bool
) -> None:
    await stock.put({COFFEE: 10, TEA: 4})
    sale = sale_recorded((COFFEE, 2), (TEA, 4), (COFFEE, 1), policy=policy)
    voided = sale_voided(sale, TILL)

    batches: list[list[Event[Any]]] = [[sale], [voided], [voided, sale]]
    if in_one_batch:
        batches = [[sale, voided, voided]]
    for batch in batches:
        await stock.receive(*batch)

    assert await stock.levels() == {COFFEE: 10, TEA: 4}
    assert (await stock.ledger())[-2:] == [("cancellation", 3, 10), ("cancellation", 4, 4)]
    rows = await stock.execute("SELECT DISTINCT actor FROM movements WHERE kind = 'cancellation'")
    assert [row.actor for row in rows] == [TILL]
    assert await differences(stock) == []


async def test_the_levels_after_a_void_are_announced_with_its_cause(stock: Stock) -> None:
    sale = sale_recorded((COFFEE, 2), policy="permissive", actor="store-3/other-till")
    await stock.receive(sale)

    await stock.receive(sale_voided(sale, TILL))

    announced = (await stock.outbox(LEVELS_CHANGED))[-1]
    assert announced.body["levels"] == [{"product_id": COFFEE, "on_hand": 0, "version": 2}]
    assert announced.actor == TILL


@pytest.mark.parametrize("policy", ["strict", "permissive"])
async def test_a_sale_that_comes_after_its_void_takes_nothing(stock: Stock, policy: str) -> None:
    # The sale was a dead letter, and is replayed.
    await stock.put({COFFEE: 10})
    sale = sale_recorded((COFFEE, 2), policy=policy)

    await stock.receive(sale_voided(sale))
    await stock.receive(sale, sale)

    assert await stock.levels() == {COFFEE: 10}
    assert await stock.outbox() == []
    assert await differences(stock) == []


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_no_order_of_a_sale_and_its_ends_changes_the_level(
    stock: Stock, order: Sequence[int]
) -> None:
    await stock.put({COFFEE: 10})
    sale = sale_recorded((COFFEE, 2))
    events: list[Event[Any]] = [sale, sale_voided(sale), sale_cancelled(sale)]

    for index in order:
        await stock.receive(events[index])

    assert await stock.levels() == {COFFEE: 10}
    assert await differences(stock) == []


async def test_the_goods_of_a_voided_sale_can_be_sold_in_the_same_batch(stock: Stock) -> None:
    await stock.put({COFFEE: 1})
    first, second = sale_recorded((COFFEE, 1)), sale_recorded((COFFEE, 1))

    await stock.receive(first, sale_voided(first), second)

    answers = [event.body["sale_id"] for event in await stock.outbox(TAKEN)]
    assert answers == [str(first.body.sale_id), str(second.body.sale_id)]
    assert await stock.levels() == {COFFEE: 0}


async def test_a_void_of_another_store_is_poison(stock: Stock) -> None:
    sale = sale_recorded((COFFEE, 1))
    await stock.receive(sale)
    foreign = sale_voided(sale_recorded(sale_id=sale.body.sale_id, store_id=OTHER_STORE))

    with pytest.raises(PoisonMessage, match=str(sale.body.sale_id)):
        await stock.receive(foreign)
