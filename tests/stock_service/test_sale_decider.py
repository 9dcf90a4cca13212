"""The rules of withdrawals, without a database."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_service.domain.errors import ImpossibleSale, LevelOutOfBounds
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    MOST_UNITS,
    Level,
    LevelBook,
    LevelKey,
    Movement,
    ProductId,
    Shortage,
    StoreId,
)
from stock_service.domain.sales import (
    Cancellation,
    Decision,
    Outcome,
    Quantities,
    Reply,
    Sale,
    SaleDecider,
)
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    a_cancellation,
    a_sale,
)


@dataclass
class Memory:
    """The state that the database keeps between batches."""

    levels: dict[LevelKey, Level] = field(default_factory=dict)
    decided: dict[UUID, Decision] = field(default_factory=dict)
    withdrawn: dict[UUID, Quantities] = field(default_factory=dict)
    ledger: list[Movement] = field(default_factory=list)

    def receive(self, *changes: Sale | Cancellation) -> list[Reply | None]:
        book = LevelBook(self.levels)
        decider = SaleDecider(book, self.decided, self.withdrawn)
        replies: list[Reply | None] = []
        for change in changes:
            if isinstance(change, Sale):
                replies.append(decider.withdraw(change))
            else:
                decider.take_back(change)
        self.levels |= book.changed_levels()
        self.ledger += book.movements
        self.decided |= decider.decisions
        for change in changes:
            decision = decider.decisions.get(change.sale_id)
            if isinstance(change, Sale) and decision and decision.outcome is Outcome.WITHDRAWN:
                self.withdrawn[change.sale_id] = change.wanted
        return replies

    def on_hand(self, product_id: ProductId) -> int:
        return self.levels[LevelKey(STORE, product_id)].on_hand


def memory_with(coffee: int = 0, tea: int = 0) -> Memory:
    levels = {LevelKey(STORE, COFFEE): Level(coffee), LevelKey(STORE, TEA): Level(tea)}
    return Memory(levels)


def test_a_strict_sale_takes_what_is_there_to_the_last_unit() -> None:
    memory = memory_with(coffee=2)

    [reply] = memory.receive(a_sale({COFFEE: 2}))

    assert reply is not None
    assert reply.missing == ()
    assert memory.on_hand(COFFEE) == 0


def test_a_strict_sale_with_one_line_missing_takes_nothing_and_names_what_is_missing() -> None:
    memory = memory_with(coffee=5, tea=1)

    [reply] = memory.receive(a_sale({COFFEE: 5, TEA: 2}))

    assert reply is not None
    assert reply.missing == (Shortage(TEA, requested=2, available=1),)
    assert (memory.on_hand(COFFEE), memory.on_hand(TEA)) == (5, 1)


def test_a_permissive_sale_takes_below_zero_and_is_not_answered() -> None:
    memory = memory_with(coffee=1)

    assert memory.receive(a_sale({COFFEE: 3}, is_conditional=False)) == [None]
    assert memory.on_hand(COFFEE) == -2


def test_a_cancelled_sale_gives_back_once_what_it_took() -> None:
    memory = memory_with(coffee=5)
    sale = a_sale({COFFEE: 3})

    memory.receive(sale, a_cancellation(sale), a_cancellation(sale))

    assert memory.on_hand(COFFEE) == 5
    assert [movement.delta for movement in memory.ledger] == [-3, 3]


def test_a_refused_sale_that_is_cancelled_gives_nothing_back() -> None:
    memory = memory_with(coffee=1)
    sale = a_sale({COFFEE: 3})

    memory.receive(sale, a_cancellation(sale))

    assert memory.on_hand(COFFEE) == 1


def test_a_sale_that_comes_after_its_cancellation_takes_nothing() -> None:
    memory = memory_with(coffee=5)
    sale = a_sale({COFFEE: 3})

    memory.receive(a_cancellation(sale))

    assert memory.receive(sale) == [None]
    assert memory.on_hand(COFFEE) == 5


def test_a_cancellation_from_another_store_is_impossible() -> None:
    memory = memory_with(coffee=5)
    sale = a_sale({COFFEE: 3})
    elsewhere = Cancellation(sale.sale_id, OTHER_STORE, sale.sold_at)

    with pytest.raises(ImpossibleSale, match="is of store 3, not 4"):
        memory.receive(sale, elsewhere)


def test_a_sale_that_a_till_was_told_of_is_applied_however_low_the_level_is() -> None:
    memory = memory_with(coffee=-LEVEL_LIMIT)

    memory.receive(a_sale({COFFEE: 1_000_000}, is_conditional=False))

    assert memory.on_hand(COFFEE) == -LEVEL_LIMIT - 1_000_000


def test_no_sale_takes_a_level_out_of_what_the_table_holds() -> None:
    with pytest.raises(LevelOutOfBounds):
        memory_with().receive(a_sale({COFFEE: MOST_UNITS + 1}, is_conditional=False))


def test_a_level_that_is_not_locked_cannot_be_moved() -> None:
    with pytest.raises(KeyError):
        Memory().receive(a_sale({COFFEE: 1}, is_conditional=False))


PRODUCTS = [ProductId(number) for number in range(1, 4)]
STORES = {StoreId(1): True, StoreId(2): False}  # strict and permissive


@st.composite
def streams(draw: st.DrawFn) -> list[Sale | Cancellation]:
    """Draw sales of a partition in log order, some of them cancelled later."""
    quantities = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(1, 5), min_size=1)
    changes: list[Sale | Cancellation] = []
    for wanted in draw(st.lists(quantities, max_size=12)):
        store_id = draw(st.sampled_from(list(STORES)))
        template = a_sale(wanted, is_conditional=STORES[store_id])
        sale = Sale(template.sale_id, store_id, template.sold_at, wanted, STORES[store_id])
        changes.append(sale)
        if draw(st.booleans()):
            place = draw(st.integers(changes.index(sale) + 1, len(changes)))
            changes.insert(place, a_cancellation(sale))
    return changes


@st.composite
def deliveries(
    draw: st.DrawFn, changes: Sequence[Sale | Cancellation]
) -> list[Sale | Cancellation]:
    """Draw the stream again, with copies of some events anywhere after them."""
    delivered = list(changes)
    for change in changes:
        if draw(st.booleans()):
            place = draw(st.integers(delivered.index(change) + 1, len(delivered)))
            delivered.insert(place, change)
    return delivered


@given(st.data())
def test_levels_depend_neither_on_batches_nor_on_duplicates(data: st.DataObject) -> None:
    stream = data.draw(streams())
    received = data.draw(st.lists(st.integers(0, 10), min_size=6, max_size=6))
    keys = [LevelKey(store_id, product_id) for store_id in STORES for product_id in PRODUCTS]
    start = {key: Level(on_hand) for key, on_hand in zip(keys, received, strict=True)}
    delivered = data.draw(deliveries(stream))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(delivered)))) | {0, len(delivered)})

    once = Memory(dict(start))
    once.receive(*stream)
    again = Memory(dict(start))
    for begin, end in pairwise(cuts):
        again.receive(*delivered[begin:end])

    assert again.levels == once.levels
    assert again.decided == once.decided
    for key in keys:
        deltas = [movement.delta for movement in again.ledger if movement.key == key]
        assert again.levels[key] == Level(start[key].on_hand + sum(deltas), len(deltas))
    strict = [m for m in again.ledger if STORES[m.key.store_id]]
    assert all(movement.level.on_hand >= 0 for movement in strict)
