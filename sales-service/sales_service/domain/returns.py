"""A return: goods that a customer brought back, and what is refunded for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NewType
from uuid import UUID

from sales_service.domain.catalogue import ProductId, StoreId
from sales_service.domain.money import TaxAmount
from sales_service.domain.payments import Payment
from sales_service.domain.refunds import Refund
from sales_service.domain.sale import SaleId

ReturnId = NewType("ReturnId", UUID)


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Units of a line of a receipt that come back."""

    sale_line_no: int
    quantity: int
    is_restocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDraft:
    """A return as the till sends it; a till that has chosen the id may repeat it.

    The rights are those of its sender. Without a store, the goods come back to where they were
    sold; without payments, the till does not say how they are paid back.
    """

    return_id: ReturnId
    store_id: StoreId | None
    returned_at: datetime | date | None
    register_id: str | None
    reason: str | None
    payments: tuple[Payment, ...] | None
    has_chosen_id: bool = False
    may_backdate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleReturnDraft(ReturnDraft):
    """A return of goods of a receipt."""

    sale_id: SaleId
    lines: tuple[ReturnedUnits, ...]


@dataclass(frozen=True, slots=True)
class SoldBy:
    """The sale that returned goods are of."""

    sale_id: SaleId
    number: str
    store_id: StoreId


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Goods that came back; the amounts are what is refunded for them."""

    line_no: int
    sale_line_no: int | None
    product_id: ProductId
    product_name: str
    category: str
    quantity: int
    is_restocked: bool
    unit_price: Decimal
    amount_cents: int
    taxes: tuple[TaxAmount, ...]

    @property
    def tax_cents(self) -> int:
        return sum(tax.amount_cents for tax in self.taxes)


@dataclass(frozen=True, slots=True)
class Return:
    """A recorded return. Its number, money, day and stock are those of `store_id`."""

    id: ReturnId
    store_id: StoreId
    number: str
    sold_by: SoldBy | None
    returned_at: datetime
    recorded_at: datetime
    business_date: date
    local_hour: int
    currency: str
    register_id: str | None
    reason: str | None
    lines: tuple[ReturnLine, ...]
    taxes: tuple[TaxAmount, ...]
    total_cents: int
    tax_cents: int
    refund: Refund
    exchange_sale_id: SaleId | None = None  # the sale that the refund pays for
    is_late: bool = False  # its day was closed before

    @property
    def total_with_taxes_cents(self) -> int:
        return self.total_cents + self.tax_cents


def sum_taxes(lines: Sequence[ReturnLine]) -> tuple[TaxAmount, ...]:
    """Return the taxes of a return: the sums of its lines, by code and rate."""
    sums: dict[tuple[str, Decimal], int] = {}
    for tax in (tax for line in lines for tax in line.taxes):
        key = tax.code, tax.rate
        sums[key] = sums.get(key, 0) + tax.amount_cents
    return tuple(TaxAmount(code, rate, cents) for (code, rate), cents in sums.items())


def is_repeated(draft: SaleReturnDraft, recorded: Return) -> bool:
    """Return whether a return with receipt repeats a recorded one; what it leaves out agrees."""
    sold_by = recorded.sold_by
    if sold_by is None or draft.sale_id != sold_by.sale_id:
        return False
    lines = [(line.sale_line_no, line.quantity, line.is_restocked) for line in recorded.lines]
    said = [(line.sale_line_no, line.quantity, line.is_restocked) for line in draft.lines]
    return said == lines and agrees(draft, recorded, sold_by.store_id)


def agrees(draft: ReturnDraft, recorded: Return, default_store: StoreId) -> bool:
    """Return whether all but the lines of a return agree with a recorded one."""
    return (
        (draft.store_id or default_store) == recorded.store_id
        and draft.register_id in (None, recorded.register_id)
        and draft.reason in (None, recorded.reason)
        and draft.payments in (None, recorded.refund.payments)
        # A time without offset is local time in the store, as the return shows it.
        and draft.returned_at
        in (
            *(None, recorded.business_date),
            *(recorded.returned_at, recorded.returned_at.replace(tzinfo=None)),
        )
    )
