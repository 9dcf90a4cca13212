"""Compares what is paid back with what is due, and rounds what is due in cash."""

from collections.abc import Sequence
from dataclasses import dataclass

from sales_service.domain.payments import Method, Payment, refuse_empty, round_cash
from sales_service.domain.return_errors import WrongRefund


@dataclass(frozen=True, slots=True)
class Refund:
    """How a return is paid back. The sum of the payments is what is due and the rounding."""

    payments: tuple[Payment, ...] = ()
    rounding_cents: int = 0


# The till does not say how the return is paid back.
UNSTATED = Refund()


def pay_back(due_cents: int, payments: Sequence[Payment] | None, step_cents: int) -> Refund:
    """Return how a return is paid back; raise `WrongRefund` or `EmptyPayments`.

    Only what other methods leave is due in cash, and only that is rounded to the store's step. A
    step of 0 rounds nothing. None means that the till does not say.
    """
    if payments is None:
        return UNSTATED
    cash = [each.amount_cents for each in payments if each.method is Method.CASH]
    paid_cents = sum(each.amount_cents for each in payments)
    rest_cents = due_cents - (paid_cents - sum(cash))
    # Other methods that pay more than is due leave nothing to round.
    rounding_cents = (
        round_cash(rest_cents, step_cents) - rest_cents if cash and rest_cents > 0 else 0
    )
    if paid_cents != due_cents + rounding_cents:
        raise WrongRefund(due_cents=due_cents + rounding_cents, paid_cents=paid_cents)
    refuse_empty(due_cents, payments, rest_cents + rounding_cents)
    return Refund(tuple(payments), rounding_cents)
