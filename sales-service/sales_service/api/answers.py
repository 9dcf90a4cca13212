"""Answers: English structs whose members have French names, encoded as they are.

The seed's clients expect amounts and prices as JSON numbers. A float keeps 15 digits, which is
more than any price or receipt has.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import msgspec
from fastapi import Response
from msgspec import UNSET, UnsetType

from sales_service.api.tax_answers import ExemptionOut, LineTaxOut
from sales_service.api.words import (
    FRENCH,
    FRENCH_OF_LINE,
    WORD_OF_KIND,
    WORD_OF_METHOD,
    WORD_OF_ORIGIN,
    WORD_OF_STATUS,
)
from sales_service.db.catalogue import ProductRow
from sales_service.db.stores import StoreRow
from sales_service.domain.sale import Sale, SaleLine, SaleStatus
from sales_service.domain.voids import Void
from service_kit.http.preconditions import etag_of
from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

JSON = "application/json"

MESSAGES = {
    SaleStatus.PENDING: "Vente enregistrée, en attente du stock",
    SaleStatus.CONFIRMED: "Vente enregistrée",
    SaleStatus.CANCELLED: "Vente annulée",
    SaleStatus.VOIDED: "Vente annulée",
}
TIMED_OUT = "Le stock n'a pas répondu à temps"


class TaxRateOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A tax of a store."""

    code: str
    rate: float


class StoreOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A store; `id`, `nom`, `adresse` and `ville` are the seed's."""

    id: int
    name: str
    address: str
    city: str
    kind: str
    timezone: str
    cutoff_hour: int
    currency: str
    stock_policy: str
    tax_place: Annotated[
        str | None, msgspec.Meta(description="Null: the store has a list of its own")
    ]
    taxes: Annotated[
        list[TaxRateOut] | None,
        msgspec.Meta(description="The store's own list; null: the rates of its place"),
    ]
    cash_rounding: Annotated[
        int, msgspec.Meta(description="The step in cents of rounding cash; 0 rounds nothing")
    ]
    is_active: bool
    version: int

    @classmethod
    def of(cls, store: StoreRow) -> Self:
        return cls(
            store.id,
            store.name,
            store.address,
            store.city,
            WORD_OF_KIND[store.kind],
            store.timezone,
            store.cutoff_hour,
            store.currency,
            store.stock_policy,
            store.tax_place,
            _own_taxes(store),
            store.cash_rounding,
            store.is_active,
            store.version,
        )


def _own_taxes(store: StoreRow) -> list[TaxRateOut] | None:
    if store.tax_place is not None:
        return None
    return [TaxRateOut(tax["code"], float(tax["rate"])) for tax in store.taxes]


class ProductOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """A product; `id`, `nom`, `categorie` and `prix` are the seed's."""

    id: int
    sku: str
    name: str
    category: str
    unit_price: float
    description: str
    home_store_id: Annotated[
        int | None, msgspec.Meta(description="The store that the product was made for")
    ]
    tax_class: str
    is_active: Annotated[bool, msgspec.Meta(description="A retired product is not sold")]
    version: int
    unit_cost: Annotated[
        float | UnsetType | None, msgspec.Meta(description="Only with the right `see-costs`")
    ] = UNSET

    @classmethod
    def of(cls, product: ProductRow, *, with_cost: bool) -> Self:
        """Return a product; its cost is left out for a caller who may not see it.

        Null already says that nobody knows the cost.
        """
        cost = None if product.unit_cost is None else float(product.unit_cost)
        return cls(
            product.id,
            product.sku,
            product.name,
            product.category,
            float(product.unit_price),
            product.description,
            product.home_store_id,
            product.tax_class,
            product.is_active,
            product.version,
            cost if with_cost else UNSET,
        )


class ProductsOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The products of a batch, in its order."""

    products: list[ProductOut]


class ProductsPage(msgspec.Struct, frozen=True, rename=FRENCH):
    """A page of the catalogue, in the seed's shape."""

    total: int
    page: int
    size: int
    products: list[ProductOut]


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
    lines: list[LineOut]
    void: Annotated[VoidOut | UnsetType, msgspec.Meta(description="Only of an `annulee`")] = UNSET

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
            money(sale.total_cents + sale.tax_cents),
            None if sale.tax_exemption is None else ExemptionOut(sale.tax_exemption),
            money(sale.paid.rounding_cents),
            money(sale.total_cents + sale.tax_cents + sale.paid.rounding_cents),
            [
                PaymentOut(WORD_OF_METHOD[payment.method], money(payment.amount_cents))
                for payment in sale.paid.payments
            ],
            money(sale.paid.change_cents),
            [LineOut.of(line, returned) for line in sale.lines],
            UNSET if sale.void is None else VoidOut.of(sale.void),
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


def money(cents: int) -> float:
    # Division rounds correctly: this is the float that is nearest to the decimal amount.
    return cents / 100


class _Made(msgspec.Struct):
    """The id and version in an answer about something that was made."""

    id: int
    version: int


def respond_made(body: bytes, path: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer 201 about what was made: it is at `path` and the id in `body`."""
    made = msgspec.json.decode(body, type=_Made)
    known = {"Location": f"{path}{made.id}", "ETag": etag_of(made.version)}
    return Response(body, 201, {**known, **(headers or {})}, JSON)


def respond_version(answer: StoreOut | ProductOut) -> Response:
    """Return the answer with the `ETag` of its version, for `If-Match`."""
    return respond(answer, headers={"ETag": etag_of(answer.version)})


def respond(
    answer: msgspec.Struct | list[Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Encode an answer and return the response, as the last step of a route."""
    if clock := stages.current():
        clock.become(Stage.SERIALISATION)
    return Response(msgspec.json.encode(answer), status, headers, JSON)
