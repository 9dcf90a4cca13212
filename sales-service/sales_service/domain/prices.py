"""Prices by first business date, of the chain and of single stores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

# A sale of an older day is priced by the whole history, which no process keeps.
RECENT = timedelta(days=14)
# Prices to come of a product, of the chain as of each store.
MOST_PLANNED = 50


@dataclass(frozen=True, slots=True)
class DatedPrice:
    """A price from a business date until that of the next one, of the chain or of one store.

    Without an amount, the store has the chain's price again.
    """

    store_id: int | None
    valid_from: date
    unit_price: Decimal | None


def price_on(day: date, store_id: int, prices: Sequence[DatedPrice]) -> Decimal:
    """Return the price of a store on a business date: its own, or else the chain's.

    `prices` are sorted by date, and of one date the newest is the last. The chain's first price
    has been in force for ever.
    """
    price = _newest(day, store_id, prices)
    if price is None:
        price = _newest(day, None, prices)
    assert price is not None
    return price


def _newest(day: date, store_id: int | None, prices: Sequence[DatedPrice]) -> Decimal | None:
    for price in reversed(prices):
        if price.store_id == store_id and price.valid_from <= day:
            return price.unit_price
    return None


def recent_since() -> date:
    """Return the first day that is recent."""
    return datetime.now(UTC).date() - RECENT


def is_recent(sold_at: datetime | date | None) -> bool:
    """Return whether a sale at this time is priced by recent prices; None is now."""
    if sold_at is None:
        return True
    day = sold_at.date() if isinstance(sold_at, datetime) else sold_at
    # A cut-off hour moves a sale to the day before, and an offset by another one.
    return day > recent_since() + timedelta(days=2)


def group_by_product(rows: Iterable[tuple[int, DatedPrice]]) -> dict[int, tuple[DatedPrice, ...]]:
    """Return the prices of each product, in the order of the rows."""
    grouped: dict[int, list[DatedPrice]] = {}
    for product_id, price in rows:
        grouped.setdefault(product_id, []).append(price)
    return {product_id: tuple(prices) for product_id, prices in grouped.items()}
