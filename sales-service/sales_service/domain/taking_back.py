"""Decides what of a sale can come back, and what is refunded for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from sales_service.domain.business_day import SaleTime, is_ahead, place_in_business_day
from sales_service.domain.catalogue import Store
from sales_service.domain.errors import Backdated, PlaceSellsNothing, StoreClosed
from sales_service.domain.money import TaxAmount
from sales_service.domain.refunds import pay_back
from sales_service.domain.return_errors import (
    Excess,
    Flaw,
    ImpossibleReturn,
    NotReturnable,
    OtherCurrency,
    TooManyReturned,
    UnknownLines,
)
from sales_service.domain.returns import (
    Return,
    ReturnDraft,
    ReturnedUnits,
    ReturnLine,
    SaleReturnDraft,
    SoldBy,
    sum_taxes,
)
from sales_service.domain.sale import (
    EARLIEST_SALE,
    LATEST_DELIVERY,
    LATEST_ID_AHEAD,
    Sale,
    SaleLine,
    SaleStatus,
    time_in,
)

# Classes of goods may have one code with several rates; code and rate name a tax of a receipt.
TaxKey = tuple[str, Decimal]


@dataclass(slots=True)
class Refunded:
    """What has come back of a line of a receipt so far, and was refunded."""

    quantity: int = 0
    amount_cents: int = 0
    taxes: dict[TaxKey, int] = field(default_factory=dict)


def take_back(
    draft: SaleReturnDraft,
    sale: Sale,
    refunded: Mapping[int, Refunded],
    store: Store,
    now: datetime,
) -> Return:
    """Return what is refunded for goods of a sale, without its number; raise a `SalesError`.

    `refunded` has what came back before, by line, and is changed.
    """
    if sale.status is not SaleStatus.CONFIRMED:
        raise NotReturnable(sale.number, sale.status)
    if store.currency != sale.currency:
        raise OtherCurrency(sale.currency, store.currency)
    time = time_of_return(draft, store, now)
    if draft.returned_at is not None and _is_before(time, sale, store):
        raise ImpossibleReturn(Flaw.BEFORE_SALE, time.sold_at)
    lines = _refund_lines(draft.lines, sale, refunded)
    sold_by = SoldBy(sale.id, sale.number, sale.store_id)
    return assemble(draft, sold_by, store, time, lines, now)


def _is_before(time: SaleTime, sale: Sale, store: Store) -> bool:
    # The days of two stores are not compared: each has its own time zone and closings.
    is_earlier_day = store.id == sale.store_id and time.business_date < sale.business_date
    return is_earlier_day or time.latest < sale.sold_at


def rest_of(sale: Sale, refunded: Mapping[int, Refunded]) -> tuple[ReturnedUnits, ...]:
    """Return what has not come back of a sale, to be sold again; `refunded` has what has."""
    left = {
        line.line_no: line.quantity - refunded.get(line.line_no, Refunded()).quantity
        for line in sale.lines
    }
    return tuple(ReturnedUnits(line_no, units, True) for line_no, units in left.items() if units)


def time_of_return(draft: ReturnDraft, store: Store, now: datetime) -> SaleTime:
    """Return when and on which business day goods come back to a store.

    Raises `StoreClosed`, `PlaceSellsNothing`, `Backdated` or `ImpossibleReturn`.
    """
    if not store.is_active:
        raise StoreClosed
    if store.kind != "store":
        raise PlaceSellsNothing
    given = draft.returned_at
    # Check the year first: near the ends of the calendar a conversion of time zones fails.
    if given and not EARLIEST_SALE.year <= given.year < date.max.year:
        raise ImpossibleReturn(Flaw.DATE, given)
    clock = now, store.timezone, store.cutoff_hour, store.closed_through
    time = place_in_business_day(given, *clock)
    if is_ahead(time, *clock) or time.business_date < EARLIEST_SALE:
        raise ImpossibleReturn(Flaw.DATE, time.sold_at)
    if draft.has_chosen_id and time_in(draft.return_id) > now + LATEST_ID_AHEAD:
        raise ImpossibleReturn(Flaw.ID_AHEAD, draft.return_id)
    if time.latest < now - LATEST_DELIVERY and not draft.may_backdate:
        raise Backdated
    return time


def assemble(
    draft: ReturnDraft,
    sold_by: SoldBy | None,
    store: Store,
    time: SaleTime,
    lines: Sequence[ReturnLine],
    now: datetime,
) -> Return:
    """Return the whole return of these lines; raise `WrongRefund`."""
    taxes = sum_taxes(lines)
    total_cents = sum(line.amount_cents for line in lines)
    tax_cents = sum(tax.amount_cents for tax in taxes)
    return Return(
        id=draft.return_id,
        store_id=store.id,
        number="",
        sold_by=sold_by,
        returned_at=time.sold_at,
        recorded_at=now,
        business_date=time.business_date,
        local_hour=time.local_hour,
        currency=store.currency,
        register_id=draft.register_id,
        reason=draft.reason,
        lines=tuple(lines),
        taxes=taxes,
        total_cents=total_cents,
        tax_cents=tax_cents,
        refund=pay_back(total_cents + tax_cents, draft.payments, step_cents=store.cash_rounding),
        is_late=time.is_late,
    )


def part_of(cents: int, units: int, of_units: int) -> int:
    """Return the part of an amount that so many of its units have, rounded half up."""
    return (2 * cents * units + of_units) // (2 * of_units)


def _refund_lines(
    drafts: Sequence[ReturnedUnits], sale: Sale, refunded: Mapping[int, Refunded]
) -> list[ReturnLine]:
    sold = {line.line_no: line for line in sale.lines}
    unknown = {
        index: draft.sale_line_no
        for index, draft in enumerate(drafts)
        if draft.sale_line_no not in sold
    }
    if unknown:
        raise UnknownLines(unknown)
    so_far = {line_no: refunded.get(line_no, Refunded()) for line_no in sold}
    lines: list[ReturnLine] = []
    excesses: list[Excess] = []
    for index, draft in enumerate(drafts):
        line_no = draft.sale_line_no
        left = sold[line_no].quantity - so_far[line_no].quantity
        if draft.quantity > left:
            excesses.append(Excess(index, line_no, left))
            continue
        of_line = sold[line_no], so_far[line_no]
        lines.append(_refund_line(len(lines) + 1, draft, *of_line))
    if excesses:
        raise TooManyReturned(excesses)
    return lines


def _refund_line(
    line_no: int,
    draft: ReturnedUnits,
    sold: SaleLine,
    so_far: Refunded,
) -> ReturnLine:
    """Refund units of a line, and note it.

    Each refund is what is due for all units that have come back, less what was refunded before. So
    the refunds of all units are the line's own amounts.
    """
    so_far.quantity += draft.quantity
    amount_cents = part_of(sold.amount_cents, so_far.quantity, sold.quantity) - so_far.amount_cents
    so_far.amount_cents += amount_cents
    taxes: list[TaxAmount] = []
    for tax in sold.taxes:
        key = tax.code, tax.rate
        before = so_far.taxes.get(key, 0)
        cents = part_of(tax.amount_cents, so_far.quantity, sold.quantity) - before
        so_far.taxes[key] = before + cents
        taxes.append(TaxAmount(tax.code, tax.rate, cents))
    return ReturnLine(
        line_no=line_no,
        sale_line_no=sold.line_no,
        product_id=sold.product_id,
        product_name=sold.product_name,
        category=sold.category,
        quantity=draft.quantity,
        is_restocked=draft.is_restocked,
        unit_price=sold.unit_price,
        amount_cents=amount_cents,
        taxes=tuple(taxes),
    )
