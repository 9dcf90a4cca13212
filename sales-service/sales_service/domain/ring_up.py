"""Turns a basket into a receipt, whose figures never change again."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from sales_service.domain.business_day import SaleTime, is_ahead, place_in_business_day
from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy
from sales_service.domain.discounts import LineAmounts, take_discounts
from sales_service.domain.errors import (
    AbsurdDate,
    AbsurdTotal,
    AbsurdUnits,
    Backdated,
    IdAhead,
    OfflineTooLong,
    PlaceSellsNothing,
    PricesOverridden,
    ProductsRetired,
    StoreClosed,
    UnknownReferences,
)
from sales_service.domain.money import line_amount_cents
from sales_service.domain.payments import pay
from sales_service.domain.sale import (
    EARLIEST_SALE,
    LARGEST_TOTAL_CENTS,
    LATEST_DELIVERY,
    LATEST_ID_AHEAD,
    LATEST_OFFLINE,
    MOST_UNITS,
    DraftLine,
    Sale,
    SaleDraft,
    SaleLine,
    SaleStatus,
    time_in,
)
from sales_service.domain.taxes import NO_RATES, Taxes, compute_taxes, rates_on


def ring_up(draft: SaleDraft, goods: Goods, now: datetime) -> Sale:
    """Turn a basket into a receipt, which only lacks its number; raise a `SalesError`."""
    store, products = goods.store, goods.products
    if store is None or not draft.product_ids <= products.keys():
        raise _unknown_references(draft, goods)
    if not store.is_active:
        raise StoreClosed
    if store.kind != "store":
        raise PlaceSellsNothing
    if not draft.has_happened:
        _refuse_retired(draft, products)
    # Check the year first: near the ends of the calendar a conversion of time zones fails.
    if draft.sold_at and not EARLIEST_SALE.year <= draft.sold_at.year < date.max.year:
        raise AbsurdDate(draft.sold_at)
    clock = now, store.timezone, store.cutoff_hour, store.closed_through
    time = place_in_business_day(draft.sold_at, *clock)
    if is_ahead(time, *clock) or time.business_date < EARLIEST_SALE:
        raise AbsurdDate(time.sold_at)
    if draft.has_chosen_id and time_in(draft.sale_id) > now + LATEST_ID_AHEAD:
        raise IdAhead(draft.sale_id)
    if draft.has_happened and time.sold_at < now - LATEST_OFFLINE:
        raise OfflineTooLong
    products = goods.priced_on(time.business_date)
    is_backdated = time.latest < now - LATEST_DELIVERY and not draft.may_backdate
    forced_prices = [] if draft.may_override_prices else _find_overridden(draft, products)
    if not draft.has_happened:
        _refuse_without_rights(is_backdated, forced_prices)
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
    # What has happened is final: the stock takes goods that have left, even below zero.
    policy = StockPolicy.PERMISSIVE if draft.has_happened else store.stock_policy
    return Sale(
        id=draft.sale_id,
        store_id=store.id,
        number="",
        status=SaleStatus.PENDING if policy is StockPolicy.STRICT else SaleStatus.CONFIRMED,
        stock_policy=policy,
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
        is_price_forced=bool(forced_prices),
        is_backdated=is_backdated,
        is_late=time.is_late,
        sold_by=_sold_by(draft, time),
        reservation_id=draft.reservation_id,
    )


def _sold_by(draft: SaleDraft, time: SaleTime) -> datetime | None:
    """Return the last instant that the date of a till allows; None for a sale of now."""
    if isinstance(draft.sold_at, datetime):
        return time.sold_at
    is_of_a_day = time.latest > time.sold_at
    return time.latest - datetime.resolution if is_of_a_day else None


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


def _find_overridden(draft: SaleDraft, products: Mapping[ProductId, Product]) -> list[int]:
    """Return the indexes of the lines that have another price than the catalogue."""
    return [
        index
        for index, line in enumerate(draft.lines)
        if line.unit_price not in (None, products[line.product_id].unit_price)
    ]


def _refuse_without_rights(is_backdated: bool, forced_prices: Sequence[int]) -> None:
    if is_backdated:
        raise Backdated
    if forced_prices:
        raise PricesOverridden(forced_prices)


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
