"""Takes discounts off a basket: first off each line, then off the receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sales_service.domain.errors import DiscountsTooLarge
from sales_service.domain.money import apportion, percentage_cents


@dataclass(frozen=True, slots=True)
class Discount:
    """What a till takes off a line or a receipt: an amount, or a percentage of what is there."""

    reason: str
    amount_cents: int | None = None
    percentage: Decimal | None = None

    def of(self, cents: int) -> int:
        """Return how many of these cents the discount asks for."""
        if self.percentage is not None:
            return percentage_cents(self.percentage, cents)
        assert self.amount_cents is not None
        return self.amount_cents


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """The amount of a line before discounts, and what is taken off it."""

    gross_cents: int
    line_discount_cents: int = 0
    receipt_discount_cents: int = 0

    @property
    def amount_cents(self) -> int:
        return self.gross_cents - self.line_discount_cents - self.receipt_discount_cents


def take_discounts(
    gross: Sequence[int], of_lines: Sequence[Discount | None], of_receipt: Discount | None
) -> list[LineAmounts]:
    """Return the amounts of the lines after all discounts; raise `DiscountsTooLarge`.

    The receipt's discount is split in proportion to what the lines' own discounts leave.
    """
    if of_receipt is None and not any(of_lines):
        return [LineAmounts(cents) for cents in gross]
    taken = [
        discount.of(cents) if discount else 0
        for discount, cents in zip(of_lines, gross, strict=True)
    ]
    left = [cents - off for cents, off in zip(gross, taken, strict=True)]
    if too_large := {index: gross[index] for index, cents in enumerate(left) if cents < 0}:
        raise DiscountsTooLarge(lines=too_large)
    total = sum(left)
    off_receipt = of_receipt.of(total) if of_receipt else 0
    if off_receipt > total:
        raise DiscountsTooLarge(receipt=total)
    shares = apportion(off_receipt, left)
    return [LineAmounts(*amounts) for amounts in zip(gross, taken, shares, strict=True)]
