"""Discounts of lines and of the receipt, to the cent."""

from decimal import ROUND_HALF_UP, Decimal
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.discounts import Discount, LineAmounts, take_discounts
from sales_service.domain.errors import DiscountsTooLarge
from sales_service.domain.money import apportion

REASON = "Fin de série"


def amount(cents: int) -> Discount:
    return Discount(REASON, amount_cents=cents)


def percentage(percent: str) -> Discount:
    return Discount(REASON, percentage=Decimal(percent))


CENTS = st.integers(0, 10**10)
PERCENTAGES = st.integers(1, 100 * 10**4).map(lambda n: percentage(str(Decimal(n) / 10**4)))


def discounts_of(cents: int) -> st.SearchStrategy[Discount | None]:
    """Return discounts that this amount is large enough for."""
    return st.none() | PERCENTAGES | st.integers(0, cents).map(amount)


LINES = CENTS.flatmap(lambda cents: st.tuples(st.just(cents), discounts_of(cents)))


@pytest.mark.parametrize(
    ("discount", "cents", "taken"),
    [
        (amount(250), 1000, 250),
        (percentage("10"), 1005, 101),
        (percentage("0.5"), 100, 1),
        (percentage("0.49"), 100, 0),
        (percentage("33.3333"), 300_00, 100_00),
        (percentage("100"), 9999, 9999),
    ],
)
def test_a_discount_is_rounded_half_up_once(discount: Discount, cents: int, taken: int) -> None:
    assert discount.of(cents) == taken


def test_the_receipt_s_discount_is_of_what_the_lines_leave() -> None:
    lines = take_discounts([2500, 1000], [percentage("10"), None], percentage("5"))

    assert lines == [LineAmounts(2500, 250, 113), LineAmounts(1000, 0, 50)]
    assert [line.amount_cents for line in lines] == [2137, 950]


def test_lines_without_discount_keep_their_amounts() -> None:
    assert take_discounts([5, 0], [None, None], None) == [LineAmounts(5), LineAmounts(0)]


def test_everything_may_be_taken_off() -> None:
    lines = take_discounts([333, 0, 1], [amount(333), percentage("7"), None], percentage("100"))

    assert [line.amount_cents for line in lines] == [0, 0, 0]


def test_every_line_whose_discount_is_too_large_is_named() -> None:
    with pytest.raises(DiscountsTooLarge) as refused:
        take_discounts([100, 100, 0], [amount(101), amount(100), amount(1)], amount(10_000))

    assert (refused.value.lines, refused.value.receipt) == ({0: 100, 2: 0}, None)


def test_a_receipt_s_discount_is_not_larger_than_what_the_lines_leave() -> None:
    with pytest.raises(DiscountsTooLarge) as refused:
        take_discounts([100, 100], [amount(30), None], amount(171))

    assert (refused.value.lines, refused.value.receipt) == ({}, 170)
    assert take_discounts([100, 100], [amount(30), None], amount(170))[1].amount_cents == 0


@given(st.lists(LINES, min_size=1, max_size=30), st.data())
def test_any_basket_adds_up_and_none_of_its_lines_is_negative(
    basket: list[tuple[int, Discount | None]], data: st.DataObject
) -> None:
    gross = [cents for cents, _ in basket]
    off_lines = [discount.of(cents) if discount else 0 for cents, discount in basket]
    left = sum(gross) - sum(off_lines)
    of_receipt = data.draw(discounts_of(left))
    off_receipt = of_receipt.of(left) if of_receipt else 0

    lines = take_discounts(gross, [discount for _, discount in basket], of_receipt)

    assert [line.gross_cents for line in lines] == gross
    assert [line.line_discount_cents for line in lines] == off_lines
    assert all(line.receipt_discount_cents >= 0 for line in lines)
    assert sum(line.receipt_discount_cents for line in lines) == off_receipt
    assert all(0 <= line.amount_cents <= line.gross_cents for line in lines)
    assert sum(line.amount_cents for line in lines) == left - off_receipt


@given(st.lists(CENTS, min_size=1, max_size=30), PERCENTAGES)
def test_a_percentage_of_each_line_is_exact_to_half_a_cent(
    gross: list[int], discount: Discount
) -> None:
    lines = take_discounts(gross, [discount] * len(gross), None)

    assert discount.percentage is not None
    exact = [cents * discount.percentage / 100 for cents in gross]
    taken = [line.line_discount_cents for line in lines]
    assert taken == [int(each.quantize(Decimal(1), ROUND_HALF_UP)) for each in exact]


@given(st.lists(CENTS, min_size=1, max_size=30), st.data())
def test_no_line_gets_a_larger_share_than_it_has(gross: list[int], data: st.DataObject) -> None:
    off = data.draw(st.integers(0, sum(gross)))

    shares = apportion(off, gross)

    assert all(starmap(int.__le__, zip(shares, gross, strict=True)))
