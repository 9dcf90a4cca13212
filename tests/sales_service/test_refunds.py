"""What is refunded for goods that come back, for any receipt and any order of returns."""

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy, Store, StoreId
from sales_service.domain.errors import EmptyPayments
from sales_service.domain.money import TaxRate
from sales_service.domain.payments import Method, Payment
from sales_service.domain.refunds import pay_back
from sales_service.domain.return_errors import TooManyReturned, UnknownLines, WrongRefund
from sales_service.domain.returns import Return, ReturnedUnits, ReturnId, SaleReturnDraft
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import DraftLine, Sale, SaleDraft, SaleId
from sales_service.domain.taking_back import Refunded, part_of, take_back
from sales_service.domain.taxes import TAXABLE, DatedRate

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SOME_ID = UUID("0199c2a4-7c1e-7000-8000-000000000001")
RETURN_ID = UUID("0199c2a4-7c1e-7000-8000-000000000002")
QUEBEC = tuple(
    DatedRate(TAXABLE, TaxRate(code, Decimal(rate)), date.min)
    for code, rate in (("TPS", "0.05"), ("TVQ", "0.09975"))
)

Basket = list[tuple[int, Decimal]]
baskets = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.decimals(0, 200, places=4, allow_nan=False, allow_infinity=False),
    ),
    min_size=1,
    max_size=6,
)


def store_with(taxes: tuple[DatedRate, ...] = QUEBEC) -> Store:
    zone = "America/Toronto"
    return Store(StoreId(3), "store", zone, 0, "CAD", StockPolicy.PERMISSIVE, taxes)


def sale_of(basket: Basket, store: Store) -> Sale:
    products = {
        ProductId(number): Product(ProductId(number), "Café", "Épicerie", price, None)
        for number, (_, price) in enumerate(basket, start=1)
    }
    lines = tuple(
        DraftLine(ProductId(number), units, None)
        for number, (units, _) in enumerate(basket, start=1)
    )
    draft = SaleDraft(SaleId(SOME_ID), store.id, None, None, lines)
    return ring_up(draft, Goods(store, products), NOW)


def bring_back(
    sale: Sale,
    so_far: dict[int, Refunded],
    *units: tuple[int, int],
    payments: tuple[Payment, ...] | None = None,
) -> Return:
    draft = SaleReturnDraft(
        return_id=ReturnId(RETURN_ID),
        sale_id=sale.id,
        store_id=None,
        returned_at=None,
        register_id=None,
        reason=None,
        payments=payments,
        lines=tuple(ReturnedUnits(line_no, count, True) for line_no, count in units),
    )
    return take_back(draft, sale, so_far, store_with(), NOW)


def every_line(sale: Sale) -> dict[int, Refunded]:
    return {line.line_no: Refunded() for line in sale.lines}


@given(baskets, st.randoms(use_true_random=False))
def test_when_all_has_come_back_the_amounts_of_the_receipt_are_refunded(
    basket: Basket, random: Random
) -> None:
    sale = sale_of(basket, store_with())
    units = [line.line_no for line in sale.lines for _ in range(line.quantity)]
    random.shuffle(units)
    so_far = every_line(sale)

    returns = [bring_back(sale, so_far, (line_no, 1)) for line_no in units]

    of_line: Counter[int] = Counter()
    of_tax: Counter[str] = Counter()
    for each in returns:
        assert min(each.total_cents, each.tax_cents) >= 0
        for line in each.lines:
            of_line[line.sale_line_no or 0] += line.amount_cents
        for tax in each.taxes:
            of_tax[tax.code] += tax.amount_cents
    assert of_line == Counter({line.line_no: line.amount_cents for line in sale.lines})
    assert of_tax == Counter({tax.code: tax.amount_cents for tax in sale.taxes})
    assert sum(each.total_cents for each in returns) == sale.total_cents
    assert sum(each.tax_cents for each in returns) == sale.tax_cents


@given(baskets, st.data())
def test_what_was_refunded_depends_on_what_came_back_not_on_the_order(
    basket: Basket, data: st.DataObject
) -> None:
    sale = sale_of(basket, store_with())
    back = [data.draw(st.integers(0, line.quantity)) for line in sale.lines]
    units = [(line.line_no, n) for line, n in zip(sale.lines, back, strict=True) if n]
    if not units:
        return
    one_by_one, at_once = every_line(sale), every_line(sale)

    bring_back(sale, at_once, *units)
    for line_no, count in units:
        for _ in range(count):
            bring_back(sale, one_by_one, (line_no, 1))

    assert one_by_one == at_once


@given(st.integers(0, 10_000_000_000), st.integers(1, 1_000_000))
def test_a_part_is_rounded_half_up_and_never_shrinks(cents: int, units: int) -> None:
    some = sorted({0, 1, units // 3, units // 2, units - 1, units} - {-1})
    parts = [part_of(cents, each, units) for each in some]

    assert all(before <= after for before, after in pairwise(parts))
    assert (parts[0], parts[-1]) == (0, cents)


@pytest.mark.parametrize(
    ("cents", "units", "parts"),
    [(100, 3, [33, 34, 33]), (5, 2, [3, 2]), (1, 3, [0, 1, 0]), (1000, 1, [1000])],
)
def test_the_refund_of_a_unit_is_what_is_due_less_what_was_refunded(
    cents: int, units: int, parts: list[int]
) -> None:
    due = [part_of(cents, each, units) for each in range(units + 1)]

    assert [after - before for before, after in pairwise(due)] == parts


def test_units_that_are_not_left_are_named_all_at_once() -> None:
    sale = sale_of([(3, Decimal(1)), (2, Decimal(1)), (1, Decimal(1))], store_with())
    so_far = every_line(sale)
    bring_back(sale, so_far, (1, 2))

    with pytest.raises(TooManyReturned) as refusal:
        # Line 2 is named twice: together too much.
        bring_back(sale, so_far, (1, 2), (2, 2), (3, 1), (2, 1))

    said = [(each.index, each.sale_line_no, each.left) for each in refusal.value.excesses]
    assert said == [(0, 1, 1), (3, 2, 0)]


def test_lines_that_the_receipt_lacks_are_named() -> None:
    sale = sale_of([(1, Decimal(1))], store_with())

    with pytest.raises(UnknownLines) as refusal:
        bring_back(sale, every_line(sale), (2, 1), (1, 1), (7, 1))

    assert refusal.value.lines == {0: 2, 2: 7}


CASH, DEBIT, CREDIT = Method.CASH, Method.DEBIT, Method.CREDIT


@pytest.mark.parametrize(
    ("due", "step", "paid", "rounding"),
    [
        (1003, 0, [(CASH, 1003)], 0),
        (1002, 5, [(CASH, 1000)], -2),
        (1003, 5, [(CASH, 1005)], 2),
        (1003, 5, [(DEBIT, 1003)], 0),
        # Only what the card leaves is rounded.
        (1003, 5, [(DEBIT, 501), (CASH, 500)], -2),
        (1003, 5, [(CASH, 200), (DEBIT, 501), (CASH, 300)], -2),
        (2, 5, [(CASH, 0)], -2),
        (0, 5, [], 0),
    ],
)
def test_only_what_is_due_in_cash_is_rounded(
    due: int, step: int, paid: list[tuple[Method, int]], rounding: int
) -> None:
    payments = [Payment(method, cents) for method, cents in paid]

    refund = pay_back(due, payments, step)

    assert refund.rounding_cents == rounding
    assert sum(each.amount_cents for each in refund.payments) == due + rounding


@pytest.mark.parametrize(
    ("step", "paid", "expected"),
    [
        (0, [(CASH, 1000)], 1003),
        (5, [(CASH, 1003)], 1005),
        (5, [(DEBIT, 1005)], 1003),
        (5, [(DEBIT, 2000), (CASH, 5)], 1003),
        (0, [], 1003),
        # Cash of nothing rounds nothing that a card was given too much.
        (5, [(DEBIT, 1005), (CASH, 0)], 1003),
        (5, [(DEBIT, 1004), (CASH, 0)], 1003),
    ],
)
def test_another_sum_than_is_due_back_is_refused(
    step: int, paid: list[tuple[Method, int]], expected: int
) -> None:
    with pytest.raises(WrongRefund) as refusal:
        pay_back(1003, [Payment(method, cents) for method, cents in paid], step)

    assert refusal.value.due_cents == expected


@pytest.mark.parametrize("paid", [[(DEBIT, 0), (CREDIT, 1003)], [(CASH, 1005), (DEBIT, 0)]])
def test_a_payment_of_nothing_is_refused(paid: list[tuple[Method, int]]) -> None:
    with pytest.raises(EmptyPayments):
        pay_back(1003, [Payment(method, cents) for method, cents in paid], 5)


def test_payments_that_are_not_stated_need_no_sum() -> None:
    assert pay_back(1003, None, 5).payments == ()
