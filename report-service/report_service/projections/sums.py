"""What a batch of sales adds up to, before anything is written: pure functions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from report_service.events.consumed import SaleRecorded

Key = TypeVar("Key")
Coarser = TypeVar("Coarser")


@dataclass(slots=True)
class Sums:
    """What a batch adds to one row; `count` is of sales, for a product of those that it is on."""

    count: int = 0
    units: int = 0
    amount_cents: int = 0
    tax_cents: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Labels:
    """A product's labels on a sale; the latest of them compares greatest."""

    sold_at: datetime
    name: str
    category: str


def sum_store_days(sales: Iterable[SaleRecorded]) -> dict[tuple[date, int], Sums]:
    """The sums of each business date and store."""
    days: dict[tuple[date, int], Sums] = {}
    for sale in sales:
        key = (sale.business_date, sale.store_id)
        sums = days.get(key) or days.setdefault(key, Sums())
        sums.count += 1
        sums.units += sum([line.quantity for line in sale.lines])
        sums.amount_cents += sale.total_cents
        sums.tax_cents += sale.tax_cents
    return days


def sum_product_days(sales: Iterable[SaleRecorded]) -> dict[tuple[date, int], Sums]:
    """The sums of each business date and product; a sale counts once for each of its products."""
    days: dict[tuple[date, int], Sums] = {}
    for sale in sales:
        seen = set()
        for line in sale.lines:
            key = (sale.business_date, line.product_id)
            sums = days.get(key) or days.setdefault(key, Sums())
            if line.product_id not in seen:
                seen.add(line.product_id)
                sums.count += 1
            sums.units += line.quantity
            sums.amount_cents += line.amount_cents
            sums.tax_cents += line.tax_cents
    return days


def find_latest_labels(sales: Iterable[SaleRecorded]) -> dict[int, Labels]:
    """Each product's labels on the latest of these sales."""
    latest: dict[int, Labels] = {}
    for sale in sales:
        for line in sale.lines:
            known = latest.get(line.product_id)
            if known is None or known.sold_at <= sale.recorded_at:
                labels = Labels(sale.recorded_at, line.product_name, line.category)
                latest[line.product_id] = max(known, labels) if known else labels
    return latest


def roll_up(
    parts: Mapping[Key, Sums], coarser_key: Callable[[Key], Coarser]
) -> dict[Coarser, Sums]:
    """The sums under coarser keys."""
    whole: dict[Coarser, Sums] = {}
    for key, part in parts.items():
        sums = whole.setdefault(coarser_key(key), Sums())
        sums.count += part.count
        sums.units += part.units
        sums.amount_cents += part.amount_cents
        sums.tax_cents += part.tax_cents
    return whole
