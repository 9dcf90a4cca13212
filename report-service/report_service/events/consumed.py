"""The fields that this service reads of the events of others. Decoding ignores all other fields.

The bounds are those of our columns. An event with a value beyond them becomes a dead letter alone.
Without the bounds it could overflow a counter, and every later sale of its store would fail, too.
"""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from service_kit.events.key_changes import KeyChanged

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Units = Annotated[int, Meta(ge=-(2**31) + 1, le=2**31 - 1)]
# A level is the sum of any number of movements.
Level = Annotated[int, Meta(ge=-(2**63) + 1, le=2**63 - 1)]
Cents = Annotated[int, Meta(ge=-(10**13), le=10**13)]
Count = Annotated[int, Meta(ge=0, le=10**13)]
Version = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Instant = Annotated[datetime, Meta(tz=True)]


class DocumentLine(Struct, frozen=True, gc=False):
    """A line of a sale or a return, with the labels that the product had on it."""

    line_no: Id
    product_id: Id
    product_name: str
    category: str
    quantity: Units
    amount_cents: Cents
    tax_cents: Cents


class TaxAmount(Struct, frozen=True, gc=False):
    """What a receipt has of a tax. Several rates may have one code."""

    code: str
    amount_cents: Cents


class Payment(Struct, frozen=True, gc=False):
    """What was tendered, or paid back, by one method."""

    method: str
    amount_cents: Cents


class Receipt(Struct, frozen=True, kw_only=True):
    """What a sale and its void tell of the receipt. Events of before lack what has a default."""

    sale_id: UUID
    store_id: Id
    recorded_at: Instant
    business_date: date
    local_hour: Annotated[int, Meta(ge=0, le=23)]
    lines: Annotated[list[DocumentLine], Meta(min_length=1)]
    taxes: list[TaxAmount] = []
    total_cents: Cents
    tax_cents: Cents
    gross_cents: Cents | None = None
    discount_cents: Cents = 0
    payments: list[Payment] = []
    change_cents: Cents = 0
    cash_rounding_cents: Cents = 0
    is_late: bool = False  # recorded after the store had closed its business date


class SaleRecorded(Receipt, frozen=True, kw_only=True):
    """A sale was recorded. It counts at once when its status is `confirmed`.

    It is marked when an offline till had no right to its price, or to its date.
    """

    status: Literal["pending", "confirmed"]
    is_price_forced: bool = False
    is_backdated: bool = False


class SaleConfirmed(SaleRecorded, frozen=True):
    """A pending sale was confirmed. The body is that of `SaleRecorded`."""


class SaleVoided(Receipt, frozen=True, kw_only=True):
    """A confirmed sale never was. Its receipt comes along, so that it can be subtracted alone."""

    voided_at: Instant


class ReturnRecorded(Struct, frozen=True, kw_only=True):
    """A store took goods back and paid for them. All amounts are positive."""

    return_id: UUID
    sale_id: UUID | None = None
    store_id: Id
    recorded_at: Instant
    business_date: date
    local_hour: Annotated[int, Meta(ge=0, le=23)]
    lines: Annotated[list[DocumentLine], Meta(min_length=1)]
    taxes: list[TaxAmount] = []
    total_cents: Cents
    tax_cents: Cents
    payments: list[Payment] = []
    cash_rounding_cents: Cents = 0
    is_late: bool = False


Document = SaleRecorded | SaleVoided | ReturnRecorded


class SaleRejected(Struct, frozen=True):
    """The stock had too little for a pending sale."""

    sale_id: UUID
    store_id: Id
    decided_at: Instant


class SaleCancelled(Struct, frozen=True):
    """The stock did not decide a pending sale in time."""

    sale_id: UUID
    store_id: Id
    decided_at: Instant


class LevelDeclared(Struct, frozen=True):
    """Head office said how many units of a product a store has."""

    store_id: Id
    product_id: Id
    declared_at: Instant


class CashMoved(Struct, frozen=True):
    """Cash went into a register of a store or out of it, without a sale."""

    movement_id: UUID
    store_id: Id
    recorded_at: Instant


class Register(Struct, frozen=True, gc=False):
    """The cash of a register at the closing of its day."""

    register_id: str | None  # None: of the documents that name no register
    expected_cents: Cents
    counted_cents: Cents | None  # None: nobody counted it


class DayClosed(Struct, frozen=True, kw_only=True):
    """A store closed a day and sealed its figures. What is recorded of the day later is late."""

    store_id: Id
    business_date: date
    closed_at: Instant
    is_automatic: bool
    sale_count: Count
    gross_cents: Cents
    discount_cents: Cents
    return_count: Count
    return_cents: Cents
    total_cents: Cents
    tax_cents: Cents
    void_count: Count
    voided_cents: Cents
    cash_rounding_cents: Cents
    registers: list[Register]


class EventsPublished(Struct, frozen=True):
    """Every event of the sales service that was committed before an instant is in Kafka."""

    published_until: Instant


class StockLevel(Struct, frozen=True, gc=False):
    """The units of one product in a store after a change."""

    product_id: Id
    on_hand: Level
    version: Version


class StockLevelsChanged(Struct, frozen=True):
    """The new levels of products in a store. For each of them the highest version wins."""

    store_id: Id
    levels: list[StockLevel]


class MovementPosted(Struct, frozen=True):
    """Somebody posted a document that moves levels of a store."""

    document_id: UUID
    store_id: Id
    posted_at: Instant


class TransferShipped(Struct, frozen=True):
    """Goods left a store for another one."""

    transfer_id: UUID
    store_id: Id
    shipped_at: Instant


class TransferReceived(Struct, frozen=True):
    """Goods of a transfer arrived in a store; it may be read before `TransferShipped`."""

    reception_id: UUID
    store_id: Id
    received_at: Instant


class ProductChanged(Struct, frozen=True):
    """The state of a product. The highest version wins."""

    product_id: Id
    version: Version
    sku: str
    name: str
    category: str
    changed_at: Instant


class StoreChanged(Struct, frozen=True):
    """The state of a store. The highest version wins."""

    store_id: Id
    version: Version
    name: str
    city: str
    kind: str
    changed_at: Instant


class TaxRateChanged(Struct, frozen=True):
    """Head office added a rate of a tax, or took back one that had not begun."""

    rate_id: Id
    changed_at: Instant


SALES_DECODERS: dict[str, type[Struct]] = {
    "sales.sale-recorded.v1": SaleRecorded,
    "sales.sale-confirmed.v1": SaleConfirmed,
    "sales.sale-rejected.v1": SaleRejected,
    "sales.sale-cancelled.v1": SaleCancelled,
    "sales.sale-voided.v1": SaleVoided,
    "sales.return-recorded.v1": ReturnRecorded,
    "sales.level-declared.v1": LevelDeclared,
    "sales.cash-moved.v1": CashMoved,
    "sales.day-closed.v1": DayClosed,
    "sales.events-published.v1": EventsPublished,
}
STOCK_DECODERS: dict[str, type[Struct]] = {
    "stock.stock-levels-changed.v1": StockLevelsChanged,
    "stock.movement-posted.v1": MovementPosted,
    "stock.transfer-shipped.v1": TransferShipped,
    "stock.transfer-received.v1": TransferReceived,
}
IGNORED_OF_STOCK = frozenset(
    {
        *("stock.stock-withdrawn.v1", "stock.stock-refused.v1"),
        *("stock.reservation-changed.v1", "stock.alert-changed.v1"),
    }
)
CATALOGUE_DECODERS: dict[str, type[Struct]] = {
    "catalogue.product-changed.v1": ProductChanged,
    "catalogue.store-changed.v1": StoreChanged,
    "catalogue.tax-rate-changed.v1": TaxRateChanged,
    KeyChanged.TYPE: KeyChanged,
}
DECODERS = SALES_DECODERS | STOCK_DECODERS | CATALOGUE_DECODERS
