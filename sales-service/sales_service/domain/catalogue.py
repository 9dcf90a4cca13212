"""Stores and products, as a sale needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NewType

from sales_service.domain.money import TaxRate

StoreId = NewType("StoreId", int)
ProductId = NewType("ProductId", int)


class StockPolicy(StrEnum):
    """Whether the stock decides over a sale, or follows it because the goods have left."""

    STRICT = "strict"
    PERMISSIVE = "permissive"


@dataclass(frozen=True, slots=True)
class Store:
    """What a sale needs to know of its store."""

    id: StoreId
    kind: str
    timezone: str
    cutoff_hour: int
    currency: str
    stock_policy: StockPolicy
    taxes: tuple[TaxRate, ...]
    version: int = 1


@dataclass(frozen=True, slots=True)
class Product:
    """What a line copies from the catalogue."""

    id: ProductId
    name: str
    category: str
    unit_price: Decimal
    unit_cost: Decimal | None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Goods:
    """What one basket needs of the catalogue; what does not exist is absent."""

    store: Store | None
    products: Mapping[ProductId, Product]
    is_fresh: bool = True  # read just now, not from a cache
