"""The rules of receptions and adjustments, without a database."""

from uuid import uuid4

import pytest

from stock_service.domain.entries import StockEntry, apply_entry, enter_stock
from stock_service.domain.errors import (
    Breach,
    EntryRule,
    InsufficientStock,
    InvalidEntry,
    LevelOutOfBounds,
)
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    Level,
    LevelBook,
    LevelKey,
    ProductId,
    Shortage,
)
from tests.stock_service.builders import COFFEE, NOON, STORE, TEA


def entry_of(
    kind: Kind, *lines: tuple[ProductId, int], reason: str | None = "inventaire"
) -> StockEntry:
    return enter_stock(STORE, Document(uuid4(), kind, NOON, reason), lines)


def book_with(coffee: int, tea: int = 0) -> LevelBook:
    return LevelBook({LevelKey(STORE, COFFEE): Level(coffee), LevelKey(STORE, TEA): Level(tea)})


def test_lines_of_one_product_are_summed_in_one_movement() -> None:
    entry = entry_of(Kind.RECEPTION, (COFFEE, 2), (TEA, 1), (COFFEE, 3))

    movements = apply_entry(book_with(10), entry, is_strict=True)

    assert [(m.key.product_id, m.delta, m.level) for m in movements] == [
        (COFFEE, 5, Level(15, 1)),
        (TEA, 1, Level(1, 1)),
    ]


def test_all_breaches_of_an_entry_are_named_at_once() -> None:
    lines = [(COFFEE, 2), (COFFEE, -2), (TEA, 1)]

    with pytest.raises(InvalidEntry) as caught:
        entry_of(Kind.ADJUSTMENT, *lines, reason=None)

    assert caught.value.breaches == [
        Breach(EntryRule.ADJUSTMENT_HAS_REASON),
        Breach(EntryRule.PRODUCT_MOVES, line=0),
        Breach(EntryRule.PRODUCT_MOVES, line=1),
    ]


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_reception_adds(quantity: int) -> None:
    with pytest.raises(InvalidEntry) as caught:
        entry_of(Kind.RECEPTION, (COFFEE, quantity))

    assert Breach(EntryRule.RECEPTION_ADDS, line=0) in caught.value.breaches


def test_a_strict_store_has_no_adjustment_below_zero_and_nothing_moves() -> None:
    book = book_with(coffee=1, tea=5)
    entry = entry_of(Kind.ADJUSTMENT, (TEA, -1), (COFFEE, -1), (COFFEE, -1))

    with pytest.raises(InsufficientStock) as caught:
        apply_entry(book, entry, is_strict=True)

    assert caught.value.shortages == {Shortage(COFFEE, requested=2, available=1): [1, 2]}
    assert book.movements == []


def test_a_permissive_store_may_be_adjusted_below_zero() -> None:
    [movement] = apply_entry(book_with(1), entry_of(Kind.ADJUSTMENT, (COFFEE, -3)), is_strict=False)

    assert movement.level.on_hand == -2


def test_a_negative_level_may_rise_in_a_strict_store() -> None:
    [movement] = apply_entry(book_with(-5), entry_of(Kind.ADJUSTMENT, (COFFEE, 2)), is_strict=True)

    assert movement.level.on_hand == -3


def test_a_level_that_sales_took_beyond_the_limit_can_be_corrected_back() -> None:
    book = book_with(coffee=-LEVEL_LIMIT - 10)

    [movement] = apply_entry(book, entry_of(Kind.RECEPTION, (COFFEE, 5)), is_strict=False)

    assert movement.level.on_hand == -LEVEL_LIMIT - 5


def test_a_level_stays_within_its_bounds() -> None:
    book = book_with(coffee=LEVEL_LIMIT, tea=0)
    entry = entry_of(Kind.RECEPTION, (TEA, 1), (COFFEE, 1))

    with pytest.raises(LevelOutOfBounds) as caught:
        apply_entry(book, entry, is_strict=True)

    assert caught.value.lines == [1]
