"""Sales and the baskets that they come from, with the bounds of both."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sales_service.domain.catalogue import ProductId, StockPolicy, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.money import TaxAmount
from sales_service.domain.payments import UNSTATED, Paid, Payment
from sales_service.domain.taxes import TAXABLE
from sales_service.domain.voids import Void

SaleId = NewType("SaleId", UUID)

# A till delivers what it sold while it was offline. What comes later needs a right.
LATEST_DELIVERY = timedelta(days=1)
# How long a till may be offline and bring its sales as they happened, whatever its rights.
LATEST_OFFLINE = timedelta(days=7)
# Lists are in the order of ids: one that is further ahead would stay first for too long.
LATEST_ID_AHEAD = timedelta(days=1)
EARLIEST_SALE = date(2000, 1, 1)
LATEST_SECONDS = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
# 100 million: the sum of millions of such receipts still fits into 64 bits.
LARGEST_TOTAL_CENTS = 10_000_000_000
# No number of such sales makes a level that the stock cannot hold.
MOST_UNITS = 1_000_000


class SaleStatus(StrEnum):
    """The status of a sale; only `PENDING` and `CONFIRMED` may change.

    A pending sale is `CANCELLED`, by a till or by the timeout. A confirmed one is `VOIDED`.
    """

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line as the till sends it; its price defaults to the catalogue's."""

    product_id: ProductId
    quantity: int
    unit_price: Decimal | None
    discount: Discount | None = None


@dataclass(frozen=True, slots=True)
class SaleDraft:
    """A basket as the till sends it; a till that has chosen the id may repeat it.

    The rights are those of its sender.
    """

    sale_id: SaleId
    store_id: StoreId
    sold_at: datetime | date | None
    register_id: str | None
    lines: tuple[DraftLine, ...]
    discount: Discount | None = None
    has_chosen_id: bool = False
    may_override_prices: bool = False
    may_backdate: bool = False
    tax_exemption: str | None = None  # the reason why this sale has no taxes
    payments: tuple[Payment, ...] | None = None
    # The till was offline: the goods have left, and a refusal would not bring them back.
    has_happened: bool = False
    reservation_id: UUID | None = None

    @property
    def product_ids(self) -> set[ProductId]:
        return {line.product_id for line in self.lines}


@dataclass(frozen=True, slots=True)
class SaleLine:
    """A line of a receipt; later changes of the catalogue do not affect it."""

    line_no: int
    product_id: ProductId
    product_name: str
    category: str
    quantity: int
    unit_price: Decimal
    unit_cost: Decimal | None
    amount_cents: int
    tax_cents: int
    tax_class: str = TAXABLE
    taxes: tuple[TaxAmount, ...] = ()
    # None: recorded before it was kept.
    list_price: Decimal | None = None
    line_discount_cents: int = 0
    receipt_discount_cents: int = 0
    discount_reason: str | None = None

    @property
    def gross_cents(self) -> int:
        return self.amount_cents + self.line_discount_cents + self.receipt_discount_cents


@dataclass(frozen=True, slots=True)
class MissingStock:
    """A product of which the store has less than the sale needs."""

    product_id: int
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pending sale ended: what was missing, or who ended it.

    `reservation_fault` is why the stock could not use the reservation that the sale names.
    """

    status: SaleStatus
    missing: tuple[MissingStock, ...] = ()
    void: Void | None = None
    reservation_fault: str | None = None


@dataclass(frozen=True, slots=True)
class Sale:
    """A receipt."""

    id: SaleId
    store_id: StoreId
    number: str
    status: SaleStatus
    stock_policy: StockPolicy
    sold_at: datetime
    recorded_at: datetime
    business_date: date
    local_hour: int
    currency: str
    register_id: str | None
    lines: tuple[SaleLine, ...]
    taxes: tuple[TaxAmount, ...]
    total_cents: int
    tax_cents: int
    missing: tuple[MissingStock, ...] = ()
    tax_exemption: str | None = None
    # What the till asked for the receipt, and what all discounts take off it.
    discount: Discount | None = None
    discount_cents: int = 0
    paid: Paid = UNSTATED
    void: Void | None = None
    # An offline till had no right to this.
    is_price_forced: bool = False
    is_backdated: bool = False
    is_late: bool = False  # its day was closed before
    # The last instant at which it can have been sold, if the till told a date. Only while it is
    # written: its event tells the stock.
    sold_by: datetime | None = None
    exchange_return_id: UUID | None = None  # the return whose refund pays for this sale
    reservation_id: UUID | None = None  # the stock's; the sale takes what it holds
    reservation_fault: str | None = None

    @property
    def gross_cents(self) -> int:
        return self.total_cents + self.discount_cents

    @property
    def total_with_taxes_cents(self) -> int:
        return self.total_cents + self.tax_cents


def time_in(chosen: UUID) -> datetime:
    """Return the time in a UUID of version 7, at most that of the end of the calendar."""
    seconds = (chosen.int >> 80) / 1000
    return datetime.fromtimestamp(min(seconds, LATEST_SECONDS), UTC)
