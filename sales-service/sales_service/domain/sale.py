"""Turns a basket into a receipt, whose figures never change again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sales_service.domain.business_day import place_in_business_day
from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy, StoreId
from sales_service.domain.discounts import Discount, LineAmounts, take_discounts
from sales_service.domain.errors import (
    AbsurdDate,
    AbsurdTotal,
    AbsurdUnits,
    Backdated,
    IdAhead,
    PlaceSellsNothing,
    PricesOverridden,
    ProductsRetired,
    StoreClosed,
    UnknownReferences,
)
from sales_service.domain.money import TaxAmount, line_amount_cents
from sales_service.domain.payments import UNSTATED, Paid, Payment, pay
from sales_service.domain.taxes import NO_RATES, TAXABLE, Taxes, compute_taxes, rates_on
from sales_service.domain.voids import Void

SaleId = NewType("SaleId", UUID)

# A till delivers what it sold while it was offline. What comes later needs a right.
LATEST_DELIVERY = timedelta(days=1)
# A till whose clock is further ahead is wrong, and its sales would count for a wrong day.
LATEST_SALE_AHEAD = timedelta(days=1)
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
    sold_at: datetime | None
    register_id: str | None
    lines: tuple[DraftLine, ...]
    discount: Discount | None = None
    has_chosen_id: bool = False
    may_override_prices: bool = False
    may_backdate: bool = False
    tax_exemption: str | None = None  # the reason why this sale has no taxes
    payments: tuple[Payment, ...] | None = None

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
    """How a pending sale ended: what was missing, or who ended it."""

    status: SaleStatus
    missing: tuple[MissingStock, ...] = ()
    void: Void | None = None


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

    @property
    def gross_cents(self) -> int:
        return self.total_cents + self.discount_cents


def ring_up(draft: SaleDraft, goods: Goods, now: datetime) -> Sale:
    """Turn a basket into a receipt, which only lacks its number; raise a `SalesError`."""
    store, products = goods.store, goods.products
    if store is None or not draft.product_ids <= products.keys():
        raise _unknown_references(draft, goods)
    if not store.is_active:
        raise StoreClosed
    if store.kind != "store":
        raise PlaceSellsNothing
    _refuse_retired(draft, products)
    # Check the year first: near the ends of the calendar a conversion of time zones fails.
    if draft.sold_at and not EARLIEST_SALE.year <= draft.sold_at.year < date.max.year:
        raise AbsurdDate(draft.sold_at)
    time = place_in_business_day(draft.sold_at, now, store.timezone, store.cutoff_hour)
    if time.sold_at > now + LATEST_SALE_AHEAD or time.business_date < EARLIEST_SALE:
        raise AbsurdDate(time.sold_at)
    if draft.has_chosen_id and time_in(draft.sale_id) > now + LATEST_SALE_AHEAD:
        raise IdAhead(draft.sale_id)
    _refuse_without_rights(draft, time.sold_at < now - LATEST_DELIVERY, products)
    units = sum(line.quantity for line in draft.lines)
    if units > MOST_UNITS:
        raise AbsurdUnits(units)
    unit_prices = [_price(line, products) for line in draft.lines]
    gross = [
        line_amount_cents(line.quantity, unit_price)
        for line, unit_price in zip(draft.lines, unit_prices, strict=True)
    ]
    gross_cents = sum(gross)
    if gross_cents > LARGEST_TOTAL_CENTS:
        raise AbsurdTotal(gross_cents)
    amounts = take_discounts(gross, [line.discount for line in draft.lines], draft.discount)
    total_cents = sum(line.amount_cents for line in amounts)
    rates = NO_RATES if draft.tax_exemption else rates_on(time.business_date, store.taxes)
    classes = [products[line.product_id].tax_class for line in draft.lines]
    taxes = compute_taxes([line.amount_cents for line in amounts], classes, rates)
    tax_cents = sum(tax.amount_cents for tax in taxes.amounts)
    return Sale(
        id=draft.sale_id,
        store_id=store.id,
        number="",
        status=(
            SaleStatus.PENDING if store.stock_policy is StockPolicy.STRICT else SaleStatus.CONFIRMED
        ),
        stock_policy=store.stock_policy,
        sold_at=time.sold_at,
        recorded_at=now,
        business_date=time.business_date,
        local_hour=time.local_hour,
        currency=store.currency,
        register_id=draft.register_id,
        lines=_lines(draft.lines, products, unit_prices, amounts, taxes),
        taxes=taxes.amounts,
        total_cents=total_cents,
        tax_cents=tax_cents,
        tax_exemption=draft.tax_exemption,
        discount=draft.discount,
        discount_cents=gross_cents - total_cents,
        paid=pay(total_cents + tax_cents, draft.payments, store.cash_rounding),
    )


def is_repetition(draft: SaleDraft, sale: Sale) -> bool:
    """Return whether the basket repeats the receipt's content.

    A time or a price that it leaves out agrees. A discount that it leaves out is another content.
    """
    if (draft.store_id, draft.register_id) != (sale.store_id, sale.register_id):
        return False
    if draft.discount != sale.discount:
        return False
    # A time without offset is local time in the store, as the receipt shows it.
    if draft.sold_at not in (None, sale.sold_at, sale.sold_at.replace(tzinfo=None)):
        return False
    if draft.payments not in (None, sale.paid.payments):
        return False
    if draft.tax_exemption not in (None, sale.tax_exemption):
        return False
    return len(draft.lines) == len(sale.lines) and all(
        (line.product_id, line.quantity) == (sold.product_id, sold.quantity)
        and line.unit_price in (None, sold.unit_price)
        and _has_discount_of(line, sold)
        for line, sold in zip(draft.lines, sale.lines, strict=True)
    )


def _has_discount_of(line: DraftLine, sold: SaleLine) -> bool:
    taken = (sold.line_discount_cents, sold.discount_reason)
    if line.discount is None:
        return taken == (0, None)
    return taken == (line.discount.of(sold.gross_cents), line.discount.reason)


def _unknown_references(draft: SaleDraft, goods: Goods) -> UnknownReferences:
    """Return the error that names the unknown store and all unknown products at once."""
    unknown = {
        index: line.product_id
        for index, line in enumerate(draft.lines)
        if line.product_id not in goods.products
    }
    return UnknownReferences(draft.store_id if goods.store is None else None, unknown)


def _refuse_retired(draft: SaleDraft, products: Mapping[ProductId, Product]) -> None:
    retired = {
        index: line.product_id
        for index, line in enumerate(draft.lines)
        if not products[line.product_id].is_active
    }
    if retired:
        raise ProductsRetired(retired)


def time_in(chosen: UUID) -> datetime:
    """Return the time in a UUID of version 7, at most that of the end of the calendar."""
    seconds = (chosen.int >> 80) / 1000
    return datetime.fromtimestamp(min(seconds, LATEST_SECONDS), UTC)


def _refuse_without_rights(
    draft: SaleDraft, is_late: bool, products: Mapping[ProductId, Product]
) -> None:
    if is_late and not draft.may_backdate:
        raise Backdated
    overridden = [
        index
        for index, line in enumerate(draft.lines)
        if line.unit_price not in (None, products[line.product_id].unit_price)
    ]
    if overridden and not draft.may_override_prices:
        raise PricesOverridden(overridden)


def _price(line: DraftLine, products: Mapping[ProductId, Product]) -> Decimal:
    listed = products[line.product_id].unit_price
    return listed if line.unit_price is None else line.unit_price


def _lines(
    drafts: Sequence[DraftLine],
    products: Mapping[ProductId, Product],
    unit_prices: Sequence[Decimal],
    amounts: Sequence[LineAmounts],
    taxes: Taxes,
) -> tuple[SaleLine, ...]:
    return tuple(
        SaleLine(
            line_no=line_no,
            product_id=draft.product_id,
            product_name=products[draft.product_id].name,
            category=products[draft.product_id].category,
            quantity=draft.quantity,
            unit_price=unit_price,
            unit_cost=products[draft.product_id].unit_cost,
            amount_cents=line.amount_cents,
            tax_cents=sum(share.amount_cents for share in shares),
            tax_class=products[draft.product_id].tax_class,
            taxes=shares,
            list_price=products[draft.product_id].unit_price,
            line_discount_cents=line.line_discount_cents,
            receipt_discount_cents=line.receipt_discount_cents,
            discount_reason=draft.discount.reason if draft.discount else None,
        )
        for line_no, (draft, unit_price, line, shares) in enumerate(
            zip(drafts, unit_prices, amounts, taxes.shares, strict=True), start=1
        )
    )
