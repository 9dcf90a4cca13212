"""What payments cover, what the change is, and how cash is rounded."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.errors import EmptyPayments, Overpaid, Underpaid
from sales_service.domain.payments import UNSTATED, Method, Paid, Payment, pay, round_cash

CASH, DEBIT, CREDIT = Method.CASH, Method.DEBIT, Method.CREDIT
FIVE_CENTS = 5


def payments(*amounts: tuple[Method, int]) -> list[Payment]:
    return [Payment(method, cents) for method, cents in amounts]


@pytest.mark.parametrize(
    ("ends_with", "rounded"),
    [(0, 0), (1, 0), (2, 0), (3, 5), (4, 5), (5, 5), (6, 5), (7, 5), (8, 10), (9, 10)],
)
def test_cash_is_rounded_to_the_nearest_five_cents_as_in_canada(
    ends_with: int, rounded: int
) -> None:
    assert round_cash(12_340 + ends_with, FIVE_CENTS) == 12_340 + rounded
    assert round_cash(12_340 + ends_with, 0) == 12_340 + ends_with


@pytest.mark.parametrize(
    ("total", "given_by_the_customer", "change", "rounding"),
    [
        (114_98, [(CASH, 120_00)], 5_00, 2),
        (114_98, [(DEBIT, 114_98)], 0, 0),
        (114_97, [(CASH, 114_95)], 0, -2),
        (114_98, [(CREDIT, 100_00), (CASH, 15_00)], 0, 2),
        (114_98, [(CASH, 20_00), (DEBIT, 100_01)], 5_05, -2),
        (114_98, [(DEBIT, 114_98), (CASH, 5_00)], 5_00, 0),
        # One or two cents are nothing in cash.
        (2, [(CASH, 0)], 0, -2),
        (10_02, [(Method.GIFT_CARD, 10_00), (CASH, 0)], 0, -2),
        (0, [], 0, 0),
        (0, [(DEBIT, 0)], 0, 0),
        (0, [(CASH, 0)], 0, 0),
    ],
)
def test_only_the_rest_that_is_due_in_cash_is_rounded(
    total: int, given_by_the_customer: list[tuple[Method, int]], change: int, rounding: int
) -> None:
    given = payments(*given_by_the_customer)

    assert pay(total, given, FIVE_CENTS) == Paid(tuple(given), change, rounding)


def test_a_sale_without_payments_is_not_rounded() -> None:
    assert pay(114_98, None, FIVE_CENTS) == UNSTATED


@pytest.mark.parametrize(
    ("total", "given_by_the_customer", "due", "lacking_in_cash"),
    [
        (114_98, [], 114_98, 115_00),
        (114_98, [(DEBIT, 114_96)], 114_98, 0),
        (114_98, [(CASH, 100_00)], 115_00, 15_00),
        (114_98, [(CASH, 114_98)], 115_00, 2),
        (10_02, [(CASH, 0)], 10_00, 10_00),
        (2, [], 2, 0),
    ],
)
def test_too_little_is_refused_with_what_is_due(
    total: int, given_by_the_customer: list[tuple[Method, int]], due: int, lacking_in_cash: int
) -> None:
    with pytest.raises(Underpaid) as refused:
        pay(total, payments(*given_by_the_customer), FIVE_CENTS)

    assert (refused.value.total_cents, refused.value.due_cents) == (total, due)
    assert refused.value.lacking_in_cash_cents == lacking_in_cash


@pytest.mark.parametrize(
    ("given_by_the_customer", "at_most"),
    [
        ([(DEBIT, 100_01)], {0: 100_00}),
        ([(DEBIT, 60_00), (CASH, 50_00), (CREDIT, 40_01)], {2: 40_00}),
        ([(DEBIT, 120_00), (CREDIT, 5_00)], {0: 100_00, 1: 0}),
    ],
)
def test_no_change_is_given_from_a_card(
    given_by_the_customer: list[tuple[Method, int]], at_most: dict[int, int]
) -> None:
    with pytest.raises(Overpaid) as refused:
        pay(100_00, payments(*given_by_the_customer), FIVE_CENTS)

    assert (refused.value.total_cents, refused.value.at_most) == (100_00, at_most)


@pytest.mark.parametrize(
    "given_by_the_customer", [[(DEBIT, 10_02), (CREDIT, 0)], [(CASH, 20_00), (CASH, 0)]]
)
def test_a_payment_of_nothing_is_refused(given_by_the_customer: list[tuple[Method, int]]) -> None:
    with pytest.raises(EmptyPayments) as refused:
        pay(10_02, payments(*given_by_the_customer), FIVE_CENTS)

    assert refused.value.payments == [1]


TENDERED = st.lists(st.builds(Payment, st.sampled_from(Method), st.integers(0, 200)), max_size=6)


@given(st.integers(0, 300), TENDERED, st.sampled_from([0, FIVE_CENTS]))
def test_what_is_paid_is_the_total_and_the_rounding(
    total: int, tendered: list[Payment], step: int
) -> None:
    in_cash = sum(each.amount_cents for each in tendered if each.method is CASH)
    with suppress(Underpaid, Overpaid, EmptyPayments):
        paid = pay(total, tendered, step)

        received = sum(each.amount_cents for each in paid.payments)
        assert received - paid.change_cents == total + paid.rounding_cents
        assert abs(paid.rounding_cents) <= step // 2
        assert 0 <= paid.change_cents <= in_cash
        assert paid.payments == tuple(tendered)
        if not any(each.method is CASH for each in tendered):
            assert (paid.rounding_cents, paid.change_cents) == (0, 0)


@given(
    st.integers(0, 20_000),
    st.lists(st.integers(1, 5000), max_size=4),
    st.integers(0, 10_000),
    st.sampled_from([0, FIVE_CENTS]),
)
def test_whoever_pays_what_is_due_is_never_refused(
    total: int, by_card: list[int], beyond: int, step: int
) -> None:
    cards: list[Payment] = []
    for cents in by_card:
        if sum(card.amount_cents for card in cards) + cents <= total:
            cards.append(Payment(DEBIT, cents))
    rest = total - sum(card.amount_cents for card in cards)
    cash = [Payment(CASH, round_cash(rest, step) + beyond)] if rest else []

    paid = pay(total, [*cards, *cash], step)

    assert paid.change_cents == (beyond if cash else 0)
    assert paid.rounding_cents == (round_cash(rest, step) - rest if cash else 0)
