"""Takes goods back without receipt: by right, at a price, with the store's taxes of the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sales_service.domain.catalogue import Goods, Product, ProductId
from sales_service.domain.errors import UnknownStore
from sales_service.domain.money import line_amount_cents
from sales_service.domain.return_errors import (
    Flaw,
    ImpossibleReturn,
    RefundPricesOverridden,
    ReturnedGoodsUnknown,
    WithoutReceipt,
)
from sales_service.domain.returns import Return, ReturnDraft, ReturnLine, agrees
from sales_service.domain.sale import LARGEST_TOTAL_CENTS, MOST_UNITS
from sales_service.domain.taking_back import assemble, time_of_return
from sales_service.domain.taxes import compute_taxes, rates_on


@dataclass(frozen=True, slots=True)
class ReturnedGoods:
    """Goods that come back without receipt; their price defaults to the catalogue's."""

    product_id: ProductId
    quantity: int
    unit_price: Decimal | None
    is_restocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsReturnDraft(ReturnDraft):
    """A return without receipt; it names its store and its reason."""

    lines: tuple[ReturnedGoods, ...]
    may_return: bool = False
    may_override_prices: bool = False

    @property
    def product_ids(self) -> set[ProductId]:
        return {line.product_id for line in self.lines}


def take_goods_back(draft: GoodsReturnDraft, goods: Goods, now: datetime) -> Return:
    """Return what is refunded for goods without receipt; raise a `SalesError`."""
    store, products = goods.store, goods.products
    if not draft.may_return:
        raise WithoutReceipt
    if store is None:
        raise UnknownStore
    _refuse_unknown(draft, products)
    time = time_of_return(draft, store, now)
    products = goods.priced_on(time.business_date)
    _refuse_prices(draft, products)
    units = sum(line.quantity for line in draft.lines)
    if units > MOST_UNITS:
        raise ImpossibleReturn(Flaw.UNITS, units)
    prices = [_price(line, products) for line in draft.lines]
    amounts = [
        line_amount_cents(line.quantity, price)
        for line, price in zip(draft.lines, prices, strict=True)
    ]
    if sum(amounts) > LARGEST_TOTAL_CENTS:
        raise ImpossibleReturn(Flaw.TOTAL, sum(amounts))
    classes = [products[line.product_id].tax_class for line in draft.lines]
    taxes = compute_taxes(amounts, classes, rates_on(time.business_date, store.taxes))
    lines = [
        ReturnLine(
            line_no=line_no,
            sale_line_no=None,
            product_id=line.product_id,
            product_name=products[line.product_id].name,
            category=products[line.product_id].category,
            quantity=line.quantity,
            is_restocked=line.is_restocked,
            unit_price=price,
            amount_cents=cents,
            taxes=of_line,
        )
        for line_no, (line, price, cents, of_line) in enumerate(
            zip(draft.lines, prices, amounts, taxes.shares, strict=True), start=1
        )
    ]
    return assemble(draft, None, store, time, lines, now)


def are_repeated(draft: GoodsReturnDraft, recorded: Return) -> bool:
    """Return whether a return without receipt repeats a recorded one; what it leaves out agrees."""
    if recorded.sold_by is not None or len(draft.lines) != len(recorded.lines):
        return False
    return agrees(draft, recorded, recorded.store_id) and all(
        (line.product_id, line.quantity, line.is_restocked)
        == (known.product_id, known.quantity, known.is_restocked)
        and line.unit_price in (None, known.unit_price)
        for line, known in zip(draft.lines, recorded.lines, strict=True)
    )


def _refuse_unknown(draft: GoodsReturnDraft, products: Mapping[ProductId, Product]) -> None:
    unknown = {
        index: line.product_id
        for index, line in enumerate(draft.lines)
        if line.product_id not in products
    }
    if unknown:
        raise ReturnedGoodsUnknown(unknown)


def _refuse_prices(draft: GoodsReturnDraft, products: Mapping[ProductId, Product]) -> None:
    overridden = [
        index
        for index, line in enumerate(draft.lines)
        if line.unit_price not in (None, products[line.product_id].unit_price)
    ]
    if overridden and not draft.may_override_prices:
        raise RefundPricesOverridden(overridden)


def _price(line: ReturnedGoods, products: Mapping[ProductId, Product]) -> Decimal:
    return products[line.product_id].unit_price if line.unit_price is None else line.unit_price
