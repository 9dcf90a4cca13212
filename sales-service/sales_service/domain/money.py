"""Money: integer cents per line and per receipt, rounded half up, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax of a store: `rate` 0.05 is 5 % of the price net of every tax."""

    code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """What a receipt owes of one tax."""

    code: str
    rate: Decimal
    amount_cents: int


def line_amount_cents(quantity: int, unit_price: Decimal) -> int:
    """`quantity × unit_price` in cents, ROUND_HALF_UP: the only place where a line is rounded."""
    return int((quantity * unit_price * 100).quantize(_ONE, ROUND_HALF_UP))


def receipt_taxes(total_cents: int, rates: Sequence[TaxRate]) -> list[TaxAmount]:
    """The taxes of a receipt, each on its net total, rounded half up on its own.

    Québec's rule: TPS and TVQ are both on the price without taxes, half a cent counts as one,
    and the taxes of several goods may be computed on their sum (Revenu Québec).
    """
    return [
        TaxAmount(tax.code, tax.rate, int((total_cents * tax.rate).quantize(_ONE, ROUND_HALF_UP)))
        for tax in rates
    ]


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights`, so that the parts sum up to it exactly.

    Largest remainder (Hamilton): everyone gets the floor of their share, and what is left goes
    to the largest remainders, the first of equals first.
    """
    total = sum(weights)
    if total == 0:
        return [0] * len(weights)
    parts = [amount * weight // total for weight in weights]
    by_remainder = sorted(
        range(len(weights)), key=lambda index: (-(amount * weights[index] % total), index)
    )
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return parts
