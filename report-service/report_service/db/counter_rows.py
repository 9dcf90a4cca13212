"""What a batch adds to the counters of stores, of the whole chain, and of products."""

from datetime import date, datetime
from typing import NamedTuple


class StoreDay(NamedTuple):
    """What to add to a store's day."""

    business_date: date
    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class StoreMonth(NamedTuple):
    """What to add to a store's month, named by its first day."""

    month: date
    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class StoreTotal(NamedTuple):
    """What to add to a store's running total."""

    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class ChainDay(NamedTuple):
    """What to add to one stripe of the chain's day."""

    business_date: date
    stripe: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class ProductDay(NamedTuple):
    """What to add to a product's day; `receipts` are the sales that it is on."""

    business_date: date
    product_id: int
    receipts: int
    units: int
    amount_cents: int


class ProductMonth(NamedTuple):
    """What to add to a product's month, named by its first day."""

    month: date
    product_id: int
    receipts: int
    units: int
    amount_cents: int


class ProductTotal(NamedTuple):
    """What to add to a product's running total, and its labels on the latest sale."""

    product_id: int
    receipts: int
    units: int
    amount_cents: int
    last_name: str
    last_category: str
    last_sold_at: datetime
