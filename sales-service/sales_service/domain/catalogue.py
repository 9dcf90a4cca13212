"""Stores and products, with what a sale needs of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from sales_service.domain.taxes import TAXABLE, DatedRate

StoreId = NewType("StoreId", int)
ProductId = NewType("ProductId", int)


class StockPolicy(StrEnum):
    """Whether the stock may refuse a sale, or only records it because the goods have left."""

    STRICT = "strict"
    PERMISSIVE = "permissive"


@dataclass(frozen=True, slots=True)
class Store:
    """A store, with what a sale needs of it."""

    id: StoreId
    kind: str
    timezone: str
    cutoff_hour: int
    currency: str
    stock_policy: StockPolicy
    taxes: tuple[DatedRate, ...]
    is_active: bool = True
    version: int = 1
    rates_version: int | None = None  # of its place; None: the store has a list of its own
    cash_rounding: int = 0  # the step in cents; 0 rounds nothing


@dataclass(frozen=True, slots=True)
class Product:
    """A product, with what a line of a sale copies from it."""

    id: ProductId
    name: str
    category: str
    unit_price: Decimal
    unit_cost: Decimal | None
    version: int = 1
    tax_class: str = TAXABLE
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Goods:
    """The store and the products of one basket, without those that do not exist."""

    store: Store | None
    products: Mapping[ProductId, Product]
    is_fresh: bool = True  # from the database, not from the cache
