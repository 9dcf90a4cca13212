"""Computes the taxes of a receipt, and the share that each line has of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sales_service.domain.money import TaxAmount, TaxRate, apportion

TAXABLE = "taxable"
# A rate makes further classes. Without a rate at the place of the store, a class has no tax.
CLASSES = frozenset({TAXABLE, "detaxe", "exonere"})
# Of a class at one place, as of a store's own list: the event of the largest sale has to fit.
MOST_CODES = 5

Rates = Mapping[str, Sequence[TaxRate]]
NO_RATES: Rates = {}


@dataclass(frozen=True, slots=True)
class DatedRate:
    """A tax of a class of goods, from a business date until that of the next rate of its code."""

    tax_class: str
    tax: TaxRate
    valid_from: date


@dataclass(frozen=True, slots=True)
class Taxes:
    """The taxes of a receipt, and the shares of each of its lines."""

    amounts: tuple[TaxAmount, ...]
    shares: tuple[tuple[TaxAmount, ...], ...]


def rates_on(day: date, rates: Iterable[DatedRate]) -> Rates:
    """Return the rates of each class that are in force on a business date; 0 is no rate."""
    newest: dict[tuple[str, str], DatedRate] = {}
    for each in rates:
        place = (each.tax_class, each.tax.code)
        former = newest.get(place)
        if each.valid_from <= day and (former is None or former.valid_from < each.valid_from):
            newest[place] = each
    in_force: dict[str, list[TaxRate]] = {}
    for each in newest.values():
        if each.tax.rate:
            in_force.setdefault(each.tax_class, []).append(each.tax)
    return in_force


def compute_taxes(amounts: Sequence[int], classes: Sequence[str], rates: Rates) -> Taxes:
    """Return the taxes of lines with these net amounts in cents and these classes.

    Quebec's tax authority has these rules: TPS and TVQ are both computed on the price without
    taxes, half a cent is rounded up, and the taxes of several goods may be computed on their sum.
    """
    taxed: dict[TaxRate, list[int]] = {}
    for index, tax_class in enumerate(classes):
        for tax in rates.get(tax_class, ()):
            taxed.setdefault(tax, []).append(index)
    of_receipt = []
    of_lines: list[list[TaxAmount]] = [[] for _ in amounts]
    for tax, lines in taxed.items():
        net = [amounts[index] for index in lines]
        cents = int((sum(net) * tax.rate).quantize(Decimal(1), ROUND_HALF_UP))
        of_receipt.append(TaxAmount(tax.code, tax.rate, cents))
        for index, share in zip(lines, apportion(cents, net), strict=True):
            of_lines[index].append(TaxAmount(tax.code, tax.rate, share))
    return Taxes(tuple(of_receipt), tuple(map(tuple, of_lines)))


def split_by_code(
    line_taxes: Sequence[int], taxes: Sequence[TaxAmount]
) -> list[tuple[TaxAmount, ...]]:
    """Return the shares by code of lines of which only the sum of their taxes is known.

    The shares sum up to the tax of each line, and to the amount of each code.
    """
    left = list(line_taxes)
    shares: list[list[TaxAmount]] = [[] for _ in left]
    for tax in taxes:
        # No part is larger than what is left of its line, because their sum is no larger either.
        parts = apportion(tax.amount_cents, left)
        for index, part in enumerate(parts):
            shares[index].append(TaxAmount(tax.code, tax.rate, part))
            left[index] -= part
    return [tuple(each) for each in shares]
