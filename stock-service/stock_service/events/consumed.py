"""Holds the fields that this service reads of sales and catalogue events; it ignores others."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from service_kit.events.key_changes import KeyChanged
from stock_service.domain.levels import LEVEL_LIMIT, ProductId, StoreId

LARGEST_ID = 2_147_483_647
Store = Annotated[StoreId, msgspec.Meta(ge=1, le=LARGEST_ID)]
Product = Annotated[ProductId, msgspec.Meta(ge=1, le=LARGEST_ID)]
Quantity = Annotated[int, msgspec.Meta(ge=1)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class SaleLine(msgspec.Struct, frozen=True):
    """A line of a receipt; several lines may name one product."""

    product_id: Product
    quantity: Quantity


class SaleRecorded(msgspec.Struct, frozen=True):
    """A sale was written."""

    sale_id: UUID
    store_id: Store
    status: str
    stock_policy: str
    sold_at: Instant
    lines: Annotated[list[SaleLine], msgspec.Meta(min_length=1)]
    reservation_id: UUID | None = None
    recorded_at: Instant | None = None
    sold_by: Instant | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def happened_at(self) -> datetime:
        """Return the last instant at which it can have been sold.

        A sale that no till dates was sold when it was recorded: that is by the database's clock.
        """
        if self.sold_by is msgspec.UNSET:
            return self.sold_at
        return self.sold_by or self.recorded_at or self.sold_at


class SaleCancelled(msgspec.Struct, frozen=True):
    """A pending sale ended before the stock answered."""

    sale_id: UUID
    store_id: Store
    decided_at: Instant


class SaleVoided(msgspec.Struct, frozen=True):
    """A till took a confirmed sale back."""

    sale_id: UUID
    store_id: Store
    voided_at: Instant


class ReturnLine(msgspec.Struct, frozen=True):
    """A line of a return; several lines may name one product."""

    product_id: Product
    quantity: Quantity
    is_restocked: bool


class ReturnRecorded(msgspec.Struct, frozen=True):
    """A customer brought goods back to a store."""

    return_id: UUID
    store_id: Store
    returned_at: Instant
    reason: str | None
    lines: Annotated[list[ReturnLine], msgspec.Meta(min_length=1)]


class LevelDeclared(msgspec.Struct, frozen=True):
    """Head office said how many units a store opens with, or has counted."""

    declaration_id: UUID
    store_id: Store
    product_id: Product
    kind: Literal["opening", "count"]
    quantity: Annotated[int, msgspec.Meta(ge=0, le=LEVEL_LIMIT)]
    declared_at: Instant


class StoreChanged(msgspec.Struct, frozen=True):
    """A store as it is now."""

    store_id: Store
    version: int
    name: str
    city: str
    kind: str
    stock_policy: str
    is_active: bool


class ProductChanged(msgspec.Struct, frozen=True):
    """A product as it is now."""

    product_id: Product
    version: int
    sku: str
    name: str
    category: str
    unit_price: Decimal
    is_active: bool


SALES_DECODERS: dict[str, type[msgspec.Struct]] = {
    "sales.sale-recorded.v1": SaleRecorded,
    "sales.sale-cancelled.v1": SaleCancelled,
    "sales.sale-voided.v1": SaleVoided,
    "sales.level-declared.v1": LevelDeclared,
    "sales.return-recorded.v1": ReturnRecorded,
}
IGNORED_OF_SALES = frozenset(
    {
        *("sales.sale-confirmed.v1", "sales.sale-rejected.v1"),
        *("sales.cash-moved.v1", "sales.day-closed.v1", "sales.events-published.v1"),
    }
)
CATALOGUE_DECODERS: dict[str, type[msgspec.Struct]] = {
    "catalogue.store-changed.v1": StoreChanged,
    "catalogue.product-changed.v1": ProductChanged,
    KeyChanged.TYPE: KeyChanged,
}
IGNORED_OF_CATALOGUE = frozenset({"catalogue.tax-rate-changed.v1"})
DECODERS = SALES_DECODERS | CATALOGUE_DECODERS
