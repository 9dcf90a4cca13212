"""Answers about sales: English structs whose members have French names."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from sales_service.api.answers import money
from sales_service.api.tax_answers import ExemptionOut, LineTaxOut
from sales_service.api.words import (
    FRENCH,
    FRENCH_OF_LINE,
    WORD_OF_METHOD,
    WORD_OF_ORIGIN,
    WORD_OF_STATUS,
)
from sales_service.domain.sale import Sale, SaleLine, SaleStatus
from sales_service.domain.voids import Void

MESSAGES = {
    SaleStatus.PENDING: "Vente enregistrée, en attente du stock",
    SaleStatus.CONFIRMED: "Vente enregistrée",
    SaleStatus.CANCELLED: "Vente annulée",
    SaleStatus.VOIDED: "Vente annulée",
}
TIMED_OUT = "Le stock n'a pas répondu à temps"


class LineOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_LINE):
    """A line of a receipt."""

    line_no: int
    product_id: int
    name: str
    category: str
    quantity: int
    list_price: Annotated[
        float | None, msgspec.Meta(description="The catalogue's price then; null: it was not kept")
    ]
    unit_price: float
    gross: Annotated[float, msgspec.Meta(description="Before discounts")]
    discount: Annotated[float, msgspec.Meta(description="The line's own")]
    discount_reason: str | None
    receipt_discount: Annotated[
        float, msgspec.Meta(description="The line's share of the receipt's discount")
    ]
    subtotal: Annotated[float, msgspec.Meta(description="After both discounts")]
    taxes: Annotated[float, msgspec.Meta(description="Sum of `taxes_detail`")]
    tax_class: str
    tax_shares: list[LineTaxOut]
    returned_quantity: Annotated[
        int | UnsetType,
        msgspec.Meta(description="The units that have come back; not in pages of receipts"),
    ] = UNSET

    @classmethod
    def of(cls, line: SaleLine, returned: Mapping[int, int] | None = None) -> Self:
        return cls(
            line.line_no,
            line.product_id,
            line.product_name,
            line.category,
            line.quantity,
            None if line.list_price is None else float(line.list_price),
            float(line.unit_price),
            money(line.gross_cents),
            money(line.line_discount_cents),
            line.discount_reason,
            money(line.receipt_discount_cents),
            money(line.amount_cents),
            money(line.tax_cents),
            line.tax_class,
            [LineTaxOut(share.code, money(share.amount_cents)) for share in line.taxes],
            UNSET if returned is None else returned.get(line.line_no, 0),
        )


class DiscountOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The discount of a receipt; `montant` is what it takes off."""

    amount: float
    percentage: Annotated[
        float | None, msgspec.Meta(description="Null: the till asked for an amount")
    ]
    reason: str

    @classmethod
    def of(cls, sale: Sale) -> Self | None:
        if sale.discount is None:
            return None
        percentage = sale.discount.percentage
        return cls(
            money(sum(line.receipt_discount_cents for line in sale.lines)),
            None if percentage is None else float(percentage),
            sale.discount.reason,
        )


class TaxOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A tax of a receipt."""

    code: str
    rate: float
    amount: float


class PaymentOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """What the customer handed over by one method."""

    method: str
    amount: float


class VoidOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """What ended a sale: a till (`caisse`), or the time in which the stock did not answer."""

    origin: Literal["caisse", "delai"]
    reason: str
    by: Annotated[str | None, msgspec.Meta(description="Client of the key, or a process")]
    at: Annotated[datetime, msgspec.Meta(tz=True)]

    @classmethod
    def of(cls, void: Void) -> Self:
        return cls(WORD_OF_ORIGIN[void.origin], void.reason or TIMED_OUT, void.by, void.at)


class SaleOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A receipt; `id`, `date`, `magasin_id`, `total` and `lignes` are the seed's."""

    id: UUID
    number: str
    status: str
    sold_at: Annotated[datetime, msgspec.Meta(tz=True)]
    business_date: date
    store_id: int
    register_id: str | None
    currency: str
    gross: Annotated[float, msgspec.Meta(description="Before discounts, net of tax")]
    discount: Annotated[DiscountOut | None, msgspec.Meta(description="The discount of the receipt")]
    discounts: Annotated[float, msgspec.Meta(description="Of the lines and of the receipt")]
    total: Annotated[float, msgspec.Meta(description="After discounts, net of tax")]
    taxes: list[TaxOut]
    total_with_taxes: Annotated[float, msgspec.Meta(description="Before the rounding of cash")]
    tax_exemption: ExemptionOut | None
    cash_rounding: Annotated[
        float, msgspec.Meta(description="What the rounding of cash adds; below 0 it takes away")
    ]
    amount_due: Annotated[
        float, msgspec.Meta(description="What the customer pays: `total_ttc` and the rounding")
    ]
    payments: list[PaymentOut]
    change: Annotated[float, msgspec.Meta(description="What the customer gets back, in cash")]
    is_price_forced: Annotated[
        bool,
        msgspec.Meta(
            description="An offline till sold at another price than the catalogue's, without the"
            " right `price-override`"
        ),
    ]
    is_backdated: Annotated[
        bool,
        msgspec.Meta(
            description="An offline till brought the sale more than a day late, without the right"
            " `backdate`"
        ),
    ]
    is_late: Annotated[
        bool, msgspec.Meta(description="Its day was closed before: an adjustment of that day")
    ]
    lines: list[LineOut]
    void: Annotated[VoidOut | UnsetType, msgspec.Meta(description="Only of an `annulee`")] = UNSET
    exchange_return_id: Annotated[
        UUID | UnsetType, msgspec.Meta(description="Only of an exchange: its return")
    ] = UNSET
    reservation_id: Annotated[
        UUID | UnsetType, msgspec.Meta(description="Only of a sale that names a reservation")
    ] = UNSET

    @classmethod
    def of(cls, sale: Sale, returned: Mapping[int, int] | None = None, **more: Any) -> Self:
        """Return the receipt; `returned` has the units of each line that have come back."""
        return cls(
            sale.id,
            sale.number,
            WORD_OF_STATUS[sale.status],
            sale.sold_at,
            sale.business_date,
            sale.store_id,
            sale.register_id,
            sale.currency,
            money(sale.gross_cents),
            DiscountOut.of(sale),
            money(sale.discount_cents),
            money(sale.total_cents),
            [TaxOut(tax.code, float(tax.rate), money(tax.amount_cents)) for tax in sale.taxes],
            money(sale.total_with_taxes_cents),
            None if sale.tax_exemption is None else ExemptionOut(sale.tax_exemption),
            money(sale.paid.rounding_cents),
            money(sale.total_with_taxes_cents + sale.paid.rounding_cents),
            [
                PaymentOut(WORD_OF_METHOD[payment.method], money(payment.amount_cents))
                for payment in sale.paid.payments
            ],
            money(sale.paid.change_cents),
            sale.is_price_forced,
            sale.is_backdated,
            sale.is_late,
            [LineOut.of(line, returned) for line in sale.lines],
            UNSET if sale.void is None else VoidOut.of(sale.void),
            UNSET if sale.exchange_return_id is None else sale.exchange_return_id,
            UNSET if sale.reservation_id is None else sale.reservation_id,
            **more,
        )


class SaleAnswer(SaleOut, frozen=True, kw_only=True, rename=FRENCH):
    """The answer to a posted or voided sale: the receipt, with the seed's `message`, `vente_id`."""

    message: str
    sale_id: UUID

    @classmethod
    def to(cls, sale: Sale) -> Self:
        return cls.of(sale, message=MESSAGES[sale.status], sale_id=sale.id)


class VoidedProblem(msgspec.Struct, frozen=True, rename=FRENCH):
    """What a problem about a voided sale has beside the members of all problems."""

    void: VoidOut | UnsetType = UNSET
