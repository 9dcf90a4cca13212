"""Answers about returns: English structs whose members have French names."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from sales_service.api.answers import money
from sales_service.api.sale_answers import PaymentOut, TaxOut
from sales_service.api.tax_answers import LineTaxOut
from sales_service.api.words import FRENCH, FRENCH_OF_LINE, WORD_OF_METHOD
from sales_service.domain.returns import Return, ReturnLine

MESSAGE = "Retour enregistré"
TAKEN_BACK = "Vente annulée par un retour : sa journée est close"


class ReturnLineOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_LINE):
    """Goods that came back, and what is refunded for them."""

    line_no: Annotated[
        int | None, msgspec.Meta(description="The line of the receipt; null without receipt")
    ]
    product_id: int
    name: str
    category: str
    quantity: int
    is_restocked: bool
    unit_price: float
    subtotal: Annotated[float, msgspec.Meta(description="Net of tax, after discounts")]
    taxes: float
    tax_shares: list[LineTaxOut]

    @classmethod
    def of(cls, line: ReturnLine) -> Self:
        return cls(
            line.sale_line_no,
            line.product_id,
            line.product_name,
            line.category,
            line.quantity,
            line.is_restocked,
            float(line.unit_price),
            money(line.amount_cents),
            money(line.tax_cents),
            [LineTaxOut(tax.code, money(tax.amount_cents)) for tax in line.taxes],
        )


class ReturnOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A return. Its number, money and day are those of the store that took the goods back."""

    id: UUID
    number: str
    returned_at: Annotated[datetime, msgspec.Meta(tz=True)]
    business_date: date
    store_id: int
    register_id: str | None
    sale_id: Annotated[UUID | None, msgspec.Meta(description="null: without receipt")]
    sale_number: str | None
    sale_store_id: int | None
    reason: str | None
    currency: str
    total: Annotated[float, msgspec.Meta(description="What is refunded, net of tax")]
    taxes: list[TaxOut]
    total_with_taxes: Annotated[float, msgspec.Meta(description="What is due back")]
    cash_rounding: Annotated[float, msgspec.Meta(description="What the rounding of cash adds")]
    payments: Annotated[
        list[PaymentOut], msgspec.Meta(description="What is paid back; empty: not stated")
    ]
    is_late: Annotated[
        bool, msgspec.Meta(description="Its day was closed before: an adjustment of that day")
    ]
    lines: list[ReturnLineOut]
    exchange_sale_id: Annotated[
        UUID | UnsetType, msgspec.Meta(description="Only of an exchange: its sale")
    ] = UNSET

    @classmethod
    def of(cls, returned: Return, **more: Any) -> Self:
        sold_by = returned.sold_by
        return cls(
            returned.id,
            returned.number,
            returned.returned_at,
            returned.business_date,
            returned.store_id,
            returned.register_id,
            None if sold_by is None else sold_by.sale_id,
            None if sold_by is None else sold_by.number,
            None if sold_by is None else sold_by.store_id,
            returned.reason,
            returned.currency,
            money(returned.total_cents),
            [TaxOut(tax.code, float(tax.rate), money(tax.amount_cents)) for tax in returned.taxes],
            money(returned.total_with_taxes_cents),
            money(returned.refund.rounding_cents),
            [
                PaymentOut(WORD_OF_METHOD[each.method], money(each.amount_cents))
                for each in returned.refund.payments
            ],
            returned.is_late,
            [ReturnLineOut.of(line) for line in returned.lines],
            UNSET if returned.exchange_sale_id is None else returned.exchange_sale_id,
            **more,
        )


class TakenBackAnswer(msgspec.Struct, frozen=True, rename=FRENCH):
    """The answer to the original's `DELETE` of a sale whose day is closed."""

    message: str
    return_id: Annotated[UUID, msgspec.Meta(description="The return of all that was left")]

    @classmethod
    def to(cls, returned: Return) -> Self:
        return cls(TAKEN_BACK, returned.id)


class ReturnAnswer(ReturnOut, frozen=True, kw_only=True, rename=FRENCH):
    """The answer to a posted return."""

    message: str
    return_id: UUID

    @classmethod
    def to(cls, returned: Return) -> Self:
        return cls.of(returned, message=MESSAGE, return_id=returned.id)
