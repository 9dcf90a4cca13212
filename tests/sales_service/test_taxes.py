"""The taxes of a receipt and of its lines, to the cent."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.money import TaxRate
from sales_service.domain.taxes import (
    DatedRate,
    Rates,
    compute_taxes,
    rates_on,
    split_by_code,
)

Basket = list[tuple[int, str]]  # the net amount and the class of each line

QUEBEC: Rates = {"taxable": [TaxRate("TPS", Decimal("0.05")), TaxRate("TVQ", Decimal("0.09975"))]}
CLASSES = ("taxable", "detaxe", "livre", "alcool")
DAY = date(2026, 11, 29)
HALF = Decimal("0.5")

cents = st.integers(0, 10**10)
tax_rates = st.builds(
    TaxRate, st.sampled_from(("TPS", "TVQ", "TVH")), st.decimals("0.000001", 1, places=6)
)
rates_by_class = st.dictionaries(
    st.sampled_from(CLASSES[:3]),
    st.lists(tax_rates, unique_by=lambda tax: tax.code, max_size=3),
)
baskets = st.lists(st.tuples(cents, st.sampled_from(CLASSES)), min_size=1, max_size=30)


def test_a_hundred_dollars_owe_the_taxes_that_revenu_quebec_prints() -> None:
    taxes = compute_taxes([100_00], ["taxable"], QUEBEC)

    assert [tax.amount_cents for tax in taxes.amounts] == [5_00, 9_98]
    assert taxes.shares == (taxes.amounts,)


def test_a_tax_is_rounded_once_on_the_sum_of_its_lines() -> None:
    # Each line alone would owe 0.05 × 0.10 = half a cent, rounded up to one.
    taxes = compute_taxes([10] * 4, ["taxable"] * 4, {"taxable": QUEBEC["taxable"][:1]})

    assert [tax.amount_cents for tax in taxes.amounts] == [2]
    assert [share.amount_cents for [share] in taxes.shares] == [1, 1, 0, 0]


def test_two_rates_of_one_code_are_two_amounts() -> None:
    rates: Rates = {
        "taxable": [TaxRate("TVA", Decimal("0.2"))],
        "livre": [TaxRate("TVA", Decimal("0.055"))],
        # The rate of another class: one amount, rounded once.
        "alcool": [TaxRate("TVA", Decimal("0.200000"))],
    }

    taxes = compute_taxes([2, 100, 1], ["alcool", "livre", "taxable"], rates)

    assert [(str(tax.rate), tax.amount_cents) for tax in taxes.amounts] == [
        ("0.200000", 1),
        ("0.055", 6),
    ]
    assert [share.amount_cents for [share] in taxes.shares] == [1, 6, 0]


@given(baskets, rates_by_class)
def test_the_shares_of_the_lines_are_the_taxes_of_the_receipt(basket: Basket, rates: Rates) -> None:
    taxes = compute_taxes(*_split(basket), rates)

    of_receipt, of_lines = Counter[str](), Counter[str]()
    for tax in taxes.amounts:
        of_receipt[tax.code] += tax.amount_cents
    for share in chain.from_iterable(taxes.shares):
        of_lines[share.code] += share.amount_cents
    assert of_lines == of_receipt


@given(baskets, rates_by_class)
def test_a_line_has_a_share_of_each_tax_of_its_class_and_of_no_other(
    basket: Basket, rates: Rates
) -> None:
    taxes = compute_taxes(*_split(basket), rates)

    for (amount, tax_class), shares in zip(basket, taxes.shares, strict=True):
        in_force = {tax.code: tax.rate for tax in rates.get(tax_class, ())}
        assert [share.code for share in shares] == list(in_force)
        assert all(abs(each.amount_cents - amount * in_force[each.code]) < 2 for each in shares)


@given(baskets, rates_by_class)
def test_each_tax_is_within_half_a_cent_of_its_rate(basket: Basket, rates: Rates) -> None:
    for tax in compute_taxes(*_split(basket), rates).amounts:
        charged = TaxRate(tax.code, tax.rate)
        net = sum(amount for amount, name in basket if charged in rates.get(name, ()))
        assert -HALF < tax.amount_cents - net * tax.rate <= HALF


@given(baskets, rates_by_class)
def test_shares_that_nobody_stored_agree_with_each_line_and_each_tax(
    basket: Basket, rates: Rates
) -> None:
    taxes = compute_taxes(*_split(basket), rates)
    of_lines = [sum(share.amount_cents for share in shares) for shares in taxes.shares]

    split = split_by_code(of_lines, taxes.amounts)

    assert [sum(share.amount_cents for share in shares) for shares in split] == of_lines
    by_tax = zip(*split, strict=True)
    for tax, shares in zip(taxes.amounts, by_tax, strict=bool(taxes.amounts)):
        assert sum(share.amount_cents for share in shares) == tax.amount_cents
        assert min(share.amount_cents for share in shares) >= 0


def _split(basket: Basket) -> tuple[list[int], list[str]]:
    return [amount for amount, _ in basket], [tax_class for _, tax_class in basket]


@pytest.mark.parametrize(
    ("day", "in_force"),
    [
        (date(2012, 12, 31), []),
        (date(2013, 1, 1), ["0.05"]),
        (DAY - timedelta(days=1), ["0.05"]),
        (DAY, ["0.06"]),
        (date(2030, 1, 1), []),
    ],
)
def test_a_rate_is_in_force_from_its_day_until_the_next_one(day: date, in_force: list[str]) -> None:
    rates = [
        _rate("0.06", DAY),
        _rate("0", date(2030, 1, 1)),
        _rate("0.05", date(2013, 1, 1)),
    ]

    assert [str(tax.rate) for tax in rates_on(day, rates).get("taxable", [])] == in_force


def _rate(rate: str, valid_from: date) -> DatedRate:
    return DatedRate("taxable", TaxRate("TPS", Decimal(rate)), valid_from)
