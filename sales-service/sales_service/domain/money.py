"""Computes amounts in integer cents; each is rounded once, half up."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax: `rate` 0.05 is 5 % of the price net of every tax."""

    code: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """The amount of one tax at one rate on a receipt."""

    code: str
    rate: Decimal
    amount_cents: int


def line_amount_cents(quantity: int, unit_price: Decimal) -> int:
    """Return `quantity × unit_price` in cents; a line is rounded only here."""
    return int((quantity * unit_price * 100).quantize(_ONE, ROUND_HALF_UP))


def percentage_cents(percentage: Decimal, cents: int) -> int:
    """Return this percentage of an amount, rounded half up."""
    return int((cents * percentage / 100).quantize(_ONE, ROUND_HALF_UP))


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights`, so that the parts sum up to it exactly.

    This is the largest remainder method: each part is rounded down, and the cents that are left
    go to the largest remainders. Of equal remainders the first is served first.
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
