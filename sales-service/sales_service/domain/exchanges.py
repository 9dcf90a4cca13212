"""Exchanges goods: what is refunded for some pays for others, and one difference is left."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sales_service.domain.catalogue import Goods, ProductId, StockPolicy, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.errors import SalesError, UnknownStore
from sales_service.domain.payments import Method, Paid, Payment, pay
from sales_service.domain.refunds import Refund, pay_back
from sales_service.domain.repetition import is_repetition
from sales_service.domain.return_errors import Flaw, ImpossibleReturn
from sales_service.domain.returns import Return, SaleReturnDraft, is_repeated
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import DraftLine, Sale, SaleDraft, SaleId
from sales_service.domain.taking_back import Refunded, take_back


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeDraft:
    """An exchange as the till sends it: what comes back, and what is sold in the same store.

    `payments` are about the difference alone; the return's draft has none.
    """

    taken_back: SaleReturnDraft
    sale_id: SaleId
    lines: tuple[DraftLine, ...]
    discount: Discount | None = None
    tax_exemption: str | None = None
    payments: tuple[Payment, ...] | None = None
    has_chosen_sale_id: bool = False
    may_override_prices: bool = False

    @property
    def product_ids(self) -> set[ProductId]:
        return {line.product_id for line in self.lines}

    def sale_in(self, store_id: StoreId) -> SaleDraft:
        """Return the basket, sold now in this store."""
        return SaleDraft(
            sale_id=self.sale_id,
            store_id=store_id,
            sold_at=None,
            register_id=self.taken_back.register_id,
            lines=self.lines,
            discount=self.discount,
            has_chosen_id=self.has_chosen_sale_id,
            may_override_prices=self.may_override_prices,
            tax_exemption=self.tax_exemption,
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """The two documents of an exchange."""

    returned: Return
    sale: Sale

    @property
    def difference_cents(self) -> int:
        """Return what the customer pays besides; below 0 it is paid back."""
        return self.sale.total_with_taxes_cents - self.returned.total_with_taxes_cents

    @property
    def exchanged_cents(self) -> int:
        """Return the part of the refund that pays for the sale."""
        return min(self.returned.total_with_taxes_cents, self.sale.total_with_taxes_cents)


class Part(StrEnum):
    """A part of an exchange."""

    RETURN = "return"
    SALE = "sale"


class PartRefused(Exception):
    """A part of an exchange cannot be, and so neither can the other one."""

    def __init__(self, part: Part, error: SalesError) -> None:
        super().__init__(f"{part}: {error}")
        self.part = part
        self.error = error


def exchange(
    draft: ExchangeDraft, sold: Sale, refunded: Mapping[int, Refunded], goods: Goods, now: datetime
) -> Exchange:
    """Return both documents, without their numbers; raise `PartRefused` or a `SalesError`.

    `refunded` has what came back of the sale before, by line, and is changed.
    """
    store = goods.store
    if store is None:
        raise UnknownStore
    with about(Part.RETURN):
        if draft.taken_back.return_id == draft.sale_id:
            raise ImpossibleReturn(Flaw.ID_OF_SALE, draft.sale_id)
        returned = take_back(draft.taken_back, sold, refunded, store, now)
    # The customer holds the goods and has given others for them: no stock refuses that.
    in_hand = replace(goods, store=replace(store, stock_policy=StockPolicy.PERMISSIVE))
    with about(Part.SALE):
        sale = ring_up(draft.sale_in(store.id), in_hand, now)
    return settle(returned, sale, draft.payments, store.cash_rounding)


@contextmanager
def about(part: Part) -> Iterator[None]:
    """Raise `PartRefused` for a `SalesError` that is about a part of an exchange."""
    try:
        yield
    except SalesError as error:
        raise PartRefused(part, error) from error


def settle(
    returned: Return, sale: Sale, payments: Sequence[Payment] | None, step_cents: int
) -> Exchange:
    """Link two unpaid documents, and pay one with the other; raise as `pay` and `pay_back` do.

    The smaller one is paid by the exchange alone, the larger one by the exchange and the payments.
    Only their difference is rounded in cash. When there is a difference and the till does not say
    how it is paid, neither document has payments.
    """
    exchanged = Exchange(
        replace(returned, exchange_sale_id=sale.id), replace(sale, exchange_return_id=returned.id)
    )
    difference_cents = exchanged.difference_cents
    if payments is None and difference_cents != 0:
        return exchanged
    cents = exchanged.exchanged_cents
    by_exchange = (Payment(Method.EXCHANGE, cents),) if cents else ()
    paid, refund = Paid(by_exchange), Refund(by_exchange)
    if difference_cents < 0:
        back = pay_back(-difference_cents, payments, step_cents)
        refund = Refund((*by_exchange, *back.payments), back.rounding_cents)
    else:
        more = pay(difference_cents, payments, step_cents)
        received = (*by_exchange, *more.payments)
        paid = Paid(received, more.change_cents, more.rounding_cents)
    return Exchange(replace(exchanged.returned, refund=refund), replace(exchanged.sale, paid=paid))


def is_exchange_repeated(draft: ExchangeDraft, recorded: Exchange) -> bool:
    """Return whether an exchange repeats a recorded one; what it leaves out agrees."""
    sale, returned = recorded.sale, recorded.returned
    by_customer = tuple(
        payment
        for payment in (*sale.paid.payments, *returned.refund.payments)
        if payment.method is not Method.EXCHANGE
    )
    return (
        is_repeated(draft.taken_back, returned)
        and is_repetition(draft.sale_in(returned.store_id), sale)
        and (sale.id == draft.sale_id or not draft.has_chosen_sale_id)
        and draft.payments in (None, by_customer)
    )
