"""What an exchange leaves to pay, for any receipt, basket and means of payment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.errors import Overpaid, Underpaid
from sales_service.domain.exchanges import Exchange, settle
from sales_service.domain.payments import Method, Payment, round_cash
from sales_service.domain.return_errors import WrongRefund
from tests.sales_service.test_refunds import Basket, baskets, bring_back, sale_of, store_with

STORE = store_with()
FIVE_CENTS = 5
steps = st.sampled_from([0, FIVE_CENTS])


def documents(sold: Basket, bought: Basket) -> Exchange:
    """Return a receipt's return, of a unit of each line, and a sale, which are not linked yet."""
    returned = bring_back(
        sale_of(sold, STORE), {}, *((line_no, 1) for line_no in range(1, len(sold) + 1))
    )
    return Exchange(returned, sale_of(bought, STORE))


def by_method(payments: tuple[Payment, ...], *methods: Method) -> int:
    return sum(each.amount_cents for each in payments if each.method in methods)


@given(baskets, baskets, steps, st.integers(0, 10**6), st.integers(0, 10**4))
def test_both_documents_are_paid_to_the_cent(
    sold: Basket, bought: Basket, step: int, by_card: int, surplus: int
) -> None:
    apart = documents(sold, bought)
    difference = apart.difference_cents
    card = min(by_card, abs(difference))
    cash = round_cash(abs(difference) - card, step)
    # Only who pays may hand over more, and the till says how the difference is paid.
    handed_over = cash + (surplus if difference >= 0 else 0)
    stated = [Payment(Method.DEBIT, card)] if card else []
    stated.append(Payment(Method.CASH, handed_over))

    made = settle(apart.returned, apart.sale, stated, step)

    paid, refund = made.sale.paid, made.returned.refund
    sale_cents = made.sale.total_cents + made.sale.tax_cents
    refund_cents = made.returned.total_cents + made.returned.tax_cents
    received = sum(each.amount_cents for each in paid.payments) - paid.change_cents
    paid_back = sum(each.amount_cents for each in refund.payments)
    assert received == sale_cents + paid.rounding_cents
    assert paid_back == refund_cents + refund.rounding_cents
    exchanged = by_method(paid.payments, Method.EXCHANGE)
    assert exchanged == by_method(refund.payments, Method.EXCHANGE) == made.exchanged_cents
    # What crosses the counter is the difference, and what was rounded of it.
    assert received - paid_back == difference + paid.rounding_cents - refund.rounding_cents
    assert abs(paid.rounding_cents) + abs(refund.rounding_cents) <= step // 2
    assert 0 in (paid.rounding_cents, refund.rounding_cents)


@given(baskets, baskets, steps)
def test_without_payments_only_equal_documents_are_paid(
    sold: Basket, bought: Basket, step: int
) -> None:
    apart = documents(sold, bought)

    made = settle(apart.returned, apart.sale, None, step)

    cents = made.exchanged_cents if apart.difference_cents == 0 else 0
    both = (Payment(Method.EXCHANGE, cents),) if cents else ()
    assert made.sale.paid.payments == made.returned.refund.payments == both
    assert made.sale.exchange_return_id == made.returned.id
    assert made.returned.exchange_sale_id == made.sale.id


@given(baskets, baskets, st.sampled_from([Method.DEBIT, Method.CASH]), st.integers(1, 1000))
def test_another_sum_than_the_difference_is_refused(
    sold: Basket, bought: Basket, method: Method, error: int
) -> None:
    apart = documents(sold, bought)
    due = abs(apart.difference_cents)
    too_much = [Payment(method, due + error)]
    too_little = [Payment(method, due - error)] if due > error else []

    if apart.difference_cents < 0:
        with pytest.raises(WrongRefund):
            settle(apart.returned, apart.sale, too_much, 0)
        with pytest.raises(WrongRefund):
            settle(apart.returned, apart.sale, too_little, 0)
        return
    if method is Method.DEBIT:
        with pytest.raises(Overpaid):
            settle(apart.returned, apart.sale, too_much, 0)
    if due:
        with pytest.raises(Underpaid):
            settle(apart.returned, apart.sale, too_little, 0)
