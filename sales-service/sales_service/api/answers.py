"""Answers: English structs whose members have French names, encoded as they are.

Here are those about the catalogue, and what all answers need.

The seed's clients expect amounts and prices as JSON numbers. A float keeps 15 digits, which is
more than any price or receipt has.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Self

import msgspec
from fastapi import Response
from msgspec import UNSET, UnsetType

from sales_service.api.words import (
    FRENCH,
    WORD_OF_KIND,
)
from sales_service.db.catalogue import ProductRow
from sales_service.db.stores import StoreRow
from service_kit.http.preconditions import etag_of
from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

JSON = "application/json"


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
    barcode: str | None
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
            product.barcode,
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
