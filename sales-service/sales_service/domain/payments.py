"""Compares what the customer pays with what is due, and rounds what is due in cash."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sales_service.domain.errors import EmptyPayments, Overpaid, Underpaid

MOST_PAYMENTS = 20


class Method(StrEnum):
    """What a customer pays with. Each is a label: no balance is kept."""

    CASH = "cash"
    DEBIT = "debit"
    CREDIT = "credit"
    GIFT_CARD = "gift-card"
    ACCOUNT = "account"
    EXCHANGE = "exchange"  # the refund of an exchange pays for its new sale


@dataclass(frozen=True, slots=True)
class Payment:
    """An amount that the customer hands over by one method."""

    method: Method
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Paid:
    """How a receipt is paid.

    When there are payments, their sum less the change is the total with taxes and the rounding.
    """

    payments: tuple[Payment, ...] = ()
    change_cents: int = 0
    rounding_cents: int = 0


# The till does not say how the receipt is paid.
UNSTATED = Paid()


def pay(total_cents: int, payments: Sequence[Payment] | None, step_cents: int) -> Paid:
    """Return how a receipt is paid; raise `Underpaid`, `Overpaid` or `EmptyPayments`.

    Only cash may exceed what is due, and the change is given from it. What other methods leave is
    due in cash, and only this rest is rounded. None means that the till does not say.
    """
    if payments is None:
        return UNSTATED
    _refuse_excess(total_cents, payments)
    cash = [each.amount_cents for each in payments if each.method is Method.CASH]
    cash_cents = sum(cash)
    others_cents = sum(each.amount_cents for each in payments) - cash_cents
    rest_cents = total_cents - others_cents
    rounded_cents = round_cash(rest_cents, step_cents)
    due_cents = rounded_cents if cash else rest_cents
    if cash_cents < due_cents:
        raise Underpaid(
            total_cents=total_cents,
            due_cents=others_cents + due_cents,
            paid_cents=others_cents + cash_cents,
            lacking_in_cash_cents=rounded_cents - cash_cents,
        )
    refuse_empty(total_cents, payments, due_cents)
    return Paid(tuple(payments), cash_cents - due_cents, due_cents - rest_cents)


def round_cash(amount_cents: int, step_cents: int) -> int:
    """Return the multiple of the step that is nearest to an amount; a step of 0 rounds nothing."""
    if step_cents == 0:
        return amount_cents
    return (amount_cents + step_cents // 2) // step_cents * step_cents


def _refuse_excess(total_cents: int, payments: Sequence[Payment]) -> None:
    """Refuse the payments other than cash that go beyond the total."""
    left_cents = total_cents
    at_most: dict[int, int] = {}
    for index, payment in enumerate(payments):
        if payment.method is Method.CASH:
            continue
        if payment.amount_cents > left_cents:
            at_most[index] = left_cents
        left_cents -= min(payment.amount_cents, left_cents)
    if at_most:
        raise Overpaid(total_cents, at_most)


def refuse_empty(total_cents: int, payments: Sequence[Payment], due_in_cash_cents: int) -> None:
    """Refuse payments of nothing, unless nothing is due; raise `EmptyPayments`.

    A payment of nothing in cash says that a rest of one or two cents is paid: it is rounded away.
    """
    empty = [
        index
        for index, payment in enumerate(payments)
        if payment.amount_cents == 0
        and (due_in_cash_cents if payment.method is Method.CASH else total_cents) > 0
    ]
    if empty:
        raise EmptyPayments(empty)
