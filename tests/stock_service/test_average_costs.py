"""The average cost of a level: rounded once, and moved by receptions with a cost alone."""

from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stock_service.domain.costs import average_after
from stock_service.domain.levels import Document, Kind, Level, LevelBook, LevelKey
from tests.stock_service.builders import (
    COFFEE,
    NOON,
    STORE,
)

COST = st.decimals(0, 999_999, places=4)


@given(COST, COST, st.integers(1, 10**12), st.integers(1, 10**9))
def test_an_average_is_rounded_once_half_up(
    average: Decimal, cost: Decimal, on_hand: int, units: int
) -> None:
    after = average_after(average, on_hand, units, cost)

    assert after is not None
    exact = (Fraction(average) * on_hand + Fraction(cost) * units) / (on_hand + units)
    assert Fraction(after) == Fraction(int(exact * 10_000 + Fraction(1, 2)), 10_000)
    assert min(average, cost) <= after <= max(average, cost)


@pytest.mark.parametrize(
    ("average", "on_hand", "cost", "after"),
    [
        (None, 0, "2", "2"),
        (None, 5, "2", "2"),
        ("1", 0, "2", "2"),
        ("1", -3, "2", "2"),
        ("1", 5, None, "1"),
        (None, 5, None, None),
        ("1", 5, "2", "1.5"),
        ("1", 5, "0", "0.5"),
    ],
)
def test_what_a_reception_makes_of_the_average(
    average: str | None, on_hand: int, cost: str | None, after: str | None
) -> None:
    def read(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    assert average_after(read(average), on_hand, 5, read(cost)) == read(after)


MOVES = st.lists(
    st.tuples(
        st.sampled_from([Kind.RECEPTION, Kind.SALE, Kind.RETURN, Kind.ADJUSTMENT, Kind.COUNT]),
        st.integers(1, 50),
        st.none() | COST,
    ),
    max_size=30,
)


@given(MOVES)
def test_only_receptions_with_a_cost_move_the_average(
    moves: list[tuple[Kind, int, Decimal | None]],
) -> None:
    key = LevelKey(STORE, COFFEE)
    book = LevelBook({key: Level()})
    on_hand, average = 0, None
    for kind, units, cost in moves:
        delta = units if kind in (Kind.RECEPTION, Kind.RETURN) else -units
        cost = cost if kind is Kind.RECEPTION else None
        moved = book.move(key, delta, Document(uuid4(), kind, NOON), cost)
        if cost is not None:
            known = average is not None and on_hand > 0
            average = average_after(average, on_hand, units, cost) if known else cost
        on_hand += delta
        assert (moved.level.on_hand, moved.level.average_cost) == (on_hand, average)
