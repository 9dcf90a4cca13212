"""Stores and products, with what a sale needs of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from sales_service.domain.prices import DatedPrice, price_on
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
    closed_through: date | None = None  # the last closed day; None: none is closed


@dataclass(frozen=True, slots=True)
class Product:
    """A product, with what a line of a sale copies from it.

    Without dated prices, `unit_price` is its price in every store and on every day. The others are
    of the chain and of the one store that the product was read for.
    """

    id: ProductId
    name: str
    category: str
    unit_price: Decimal
    unit_cost: Decimal | None
    version: int = 1
    tax_class: str = TAXABLE
    is_active: bool = True
    prices: tuple[DatedPrice, ...] = ()


@dataclass(frozen=True, slots=True)
class Goods:
    """The store and the products of one basket, without those that do not exist."""

    store: Store | None
    products: Mapping[ProductId, Product]
    is_fresh: bool = True  # from the database, not from the cache

    def priced_on(self, day: date) -> Mapping[ProductId, Product]:
        """Return the products, each with the store's price of a business date."""
        if not any(product.prices for product in self.products.values()):
            return self.products
        assert self.store is not None
        return {
            id: replace(product, unit_price=price_on(day, self.store.id, product.prices))
            if product.prices
            else product
            for id, product in self.products.items()
        }
