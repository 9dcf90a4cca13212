"""The fields that this service reads of others' events; anything else in them is passed over.

The bounds are those of our columns: a value beyond them goes to the dead letters alone, before
it can overflow a counter and take every later sale of its store with it.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Units = Annotated[int, Meta(ge=-(2**31) + 1, le=2**31 - 1)]
# A level is the sum of any number of movements.
Level = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
Cents = Annotated[int, Meta(ge=-(10**13), le=10**13)]
Version = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]


class SaleLine(Struct, frozen=True, gc=False):
    """A line of a sale, with the product's labels as they were at the till."""

    line_no: Id
    product_id: Id
    product_name: str
    category: str
    quantity: Units
    amount_cents: Cents
    tax_cents: Cents


class SaleRecorded(Struct, frozen=True):
    """A sale was written; it counts at once when nothing has to be decided any more."""

    sale_id: UUID
    store_id: Id
    status: Literal["pending", "confirmed"]
    recorded_at: Instant
    business_date: date
    local_hour: Annotated[int, Meta(ge=0, le=23)]
    lines: Annotated[list[SaleLine], Meta(min_length=1)]
    total_cents: Cents
    tax_cents: Cents


class SaleConfirmed(SaleRecorded, frozen=True):
    """A pending sale got its goods; the body is that of `SaleRecorded`."""


class StockLevel(Struct, frozen=True, gc=False):
    """The units of one product in a store after a change."""

    product_id: Id
    on_hand: Level
    version: Version


class StockLevelsChanged(Struct, frozen=True):
    """Levels as state: per store and product the highest version wins."""

    store_id: Id
    levels: list[StockLevel]


class ProductChanged(Struct, frozen=True):
    """A product as it is now; the highest version wins."""

    product_id: Id
    version: Version
    sku: str
    name: str
    category: str


class StoreChanged(Struct, frozen=True):
    """A store as it is now; the highest version wins."""

    store_id: Id
    version: Version
    name: str
    city: str
    kind: str


SALES_DECODERS: dict[str, type[Struct]] = {
    "sales.sale-recorded.v1": SaleRecorded,
    "sales.sale-confirmed.v1": SaleConfirmed,
}
STOCK_DECODERS: dict[str, type[Struct]] = {"stock.stock-levels-changed.v1": StockLevelsChanged}
CATALOGUE_DECODERS: dict[str, type[Struct]] = {
    "catalogue.product-changed.v1": ProductChanged,
    "catalogue.store-changed.v1": StoreChanged,
}
DECODERS = SALES_DECODERS | STOCK_DECODERS | CATALOGUE_DECODERS
