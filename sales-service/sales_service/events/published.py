"""The bodies of published events; their contracts are in `infra/contracts/events/`."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service_kit.events.key_changes import KeyChanged as KeyChanged


class LineTax(msgspec.Struct, frozen=True):
    """A line's share of a tax."""

    code: str
    amount_cents: int


class SaleLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a receipt.

    Without discounts it leaves out them and its gross amount: 1,200 lines must fit into a message.
    """

    line_no: int
    product_id: int
    product_name: str
    category: str
    quantity: int
    unit_price: Decimal
    unit_cost: Decimal | None
    amount_cents: int
    tax_cents: int
    tax_class: str
    taxes: list[LineTax]
    list_price: Decimal | None = None
    gross_cents: int | None = None
    line_discount_cents: int = 0
    receipt_discount_cents: int = 0


class Tax(msgspec.Struct, frozen=True):
    """A tax of a receipt."""

    code: str
    rate: Decimal
    amount_cents: int


class Payment(msgspec.Struct, frozen=True):
    """What a customer handed over, or got back, by one method."""

    method: str
    amount_cents: int


class SaleRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """A sale was recorded; the statement that writes it adds the number and the instant."""

    TYPE: ClassVar[str] = "sales.sale-recorded.v1"

    sale_id: UUID
    store_id: int
    number: str | UnsetType
    status: str
    stock_policy: str
    sold_at: datetime
    recorded_at: datetime | UnsetType
    sold_by: datetime | UnsetType | None = UNSET
    business_date: date
    local_hour: int
    currency: str
    register_id: str | None
    lines: list[SaleLine]
    taxes: list[Tax]
    total_cents: int
    tax_cents: int
    tax_exemption: str | None
    gross_cents: int
    discount_cents: int
    payments: list[Payment]
    change_cents: int
    cash_rounding_cents: int
    is_price_forced: bool
    is_backdated: bool
    is_late: bool
    exchange_return_id: UUID | None
    reservation_id: UUID | None


class SaleConfirmed(SaleRecorded, frozen=True, kw_only=True):
    """The stock had the goods of a pending sale."""

    TYPE: ClassVar[str] = "sales.sale-confirmed.v1"

    decided_at: datetime


class SaleVoided(SaleRecorded, frozen=True, kw_only=True):
    """A till took a confirmed sale back; the body is that of the receipt, to be subtracted."""

    TYPE: ClassVar[str] = "sales.sale-voided.v1"

    reason: str
    voided_at: datetime


class Missing(msgspec.Struct, frozen=True):
    """A product that was short."""

    product_id: int
    requested: int
    available: int


class SaleRejected(msgspec.Struct, frozen=True):
    """The stock had too little for a pending sale, or could not use its reservation."""

    TYPE: ClassVar[str] = "sales.sale-rejected.v1"

    sale_id: UUID
    store_id: int
    missing: list[Missing]
    decided_at: datetime
    reservation_fault: str | None


class SaleCancelled(msgspec.Struct, frozen=True):
    """A pending sale ended: the stock did not decide in time, or a till voided the sale."""

    TYPE: ClassVar[str] = "sales.sale-cancelled.v1"

    sale_id: UUID
    store_id: int
    reason: str
    decided_at: datetime


class ReturnLine(msgspec.Struct, frozen=True):
    """Returned goods: of a line of a receipt, or without receipt."""

    line_no: int
    sale_line_no: int | None
    product_id: int
    product_name: str
    category: str
    quantity: int
    is_restocked: bool
    amount_cents: int
    tax_cents: int
    taxes: list[LineTax]


class ReturnRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """A customer brought goods back; amounts are positive.

    The statement that writes the return adds the number and the instant.
    """

    TYPE: ClassVar[str] = "sales.return-recorded.v1"

    return_id: UUID
    number: str | UnsetType
    store_id: int
    sale_id: UUID | None
    sale_number: str | None
    sale_store_id: int | None
    returned_at: datetime
    recorded_at: datetime | UnsetType
    business_date: date
    local_hour: int
    currency: str
    register_id: str | None
    reason: str | None
    lines: list[ReturnLine]
    taxes: list[Tax]
    total_cents: int
    tax_cents: int
    payments: list[Payment]
    cash_rounding_cents: int
    exchange_sale_id: UUID | None
    is_late: bool


class TaxSum(msgspec.Struct, frozen=True):
    """The taxes of a code on a day."""

    code: str
    amount_cents: int


class MethodAmount(msgspec.Struct, frozen=True):
    """What was taken by one method on a day, less what was paid back."""

    method: str
    amount_cents: int


class RegisterCash(msgspec.Struct, frozen=True, kw_only=True):
    """The cash of a register on a day."""

    register_id: str | None
    float_cents: int
    paid_in_cents: int
    paid_out_cents: int
    cash_sales_cents: int
    cash_returns_cents: int
    expected_cents: int
    counted_cents: int | None


class DayClosed(msgspec.Struct, frozen=True, kw_only=True):
    """A day of a store was closed, with its sealed totals."""

    TYPE: ClassVar[str] = "sales.day-closed.v1"

    store_id: int
    business_date: date
    closed_at: datetime
    is_automatic: bool
    currency: str
    sale_count: int
    first_number: str | None
    last_number: str | None
    gross_cents: int
    discount_cents: int
    return_count: int
    return_cents: int
    total_cents: int
    tax_cents: int
    void_count: int
    voided_cents: int
    taxes: list[TaxSum]
    payments: list[MethodAmount]
    cash_rounding_cents: int
    unstated_cents: int
    registers: list[RegisterCash]


class CashMoved(msgspec.Struct, frozen=True, kw_only=True):
    """Cash went into a register of a store or out of it, without a sale."""

    TYPE: ClassVar[str] = "sales.cash-moved.v1"

    movement_id: UUID
    store_id: int
    business_date: date
    register_id: str | None
    kind: str
    amount_cents: int
    reason: str | None
    recorded_at: datetime


class LevelDeclared(msgspec.Struct, frozen=True):
    """Head office said how many units of a product a store has.

    An `opening` adds units. After a `count` the level is that quantity.
    """

    TYPE: ClassVar[str] = "sales.level-declared.v1"

    declaration_id: UUID
    store_id: int
    product_id: int
    kind: str
    quantity: int
    declared_at: datetime


class EventsPublished(msgspec.Struct, frozen=True):
    """Every event of this service that was committed before an instant is in Kafka."""

    TYPE: ClassVar[str] = "sales.events-published.v1"

    published_until: datetime


class StoreChanged(msgspec.Struct, frozen=True):
    """The present state of a store."""

    TYPE: ClassVar[str] = "catalogue.store-changed.v1"

    store_id: int
    version: int
    name: str
    city: str
    kind: str
    stock_policy: str
    timezone: str
    currency: str
    is_active: bool
    changed_at: datetime


class ProductChanged(msgspec.Struct, frozen=True):
    """The present state of a product."""

    TYPE: ClassVar[str] = "catalogue.product-changed.v1"

    product_id: int
    version: int
    sku: str
    name: str
    category: str
    unit_price: Decimal
    is_active: bool
    changed_at: datetime
    barcode: str | None


class TaxRateChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Head office added a rate of a tax, or took back one that had not begun."""

    TYPE: ClassVar[str] = "catalogue.tax-rate-changed.v1"

    rate_id: int
    change: Literal["added", "taken-back"]
    place: str
    tax_class: str
    code: str
    rate: Decimal
    valid_from: date
    changed_at: datetime
