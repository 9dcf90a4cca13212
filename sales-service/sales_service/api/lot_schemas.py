"""Requests about sales that a till made while it was offline."""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    SkipValidation,
    ValidationError,
)

from sales_service.api.sale_schemas import SaleIn, is_day_alone, is_uuid7
from sales_service.api.schemas import with_example
from service_kit.http.dates import WrittenInstant
from service_kit.http.problems import FAULTS, invalid_request

MOST_SALES = 100
_EXAMPLE = {
    "vente_id": "0193a5d0-2c00-7000-8000-000000000004",
    "date": "2026-11-28T18:05:00-05:00",
    "magasin_id": 1,
    "panier": [{"produit_id": 1, "quantite": 2, "prix_unitaire": 4.9}],
}


def _is_no_day_alone(given: Any) -> Any:
    if is_day_alone(given):
        raise ValueError(
            "Un instant est attendu : un jour seul ne dit pas quand la vente a eu lieu."
        )
    return given


class OfflineSaleIn(SaleIn):
    """A sale that has happened. `vente_id` and `date` are the till's, and it should tell prices.

    A line without `prix_unitaire` gets the catalogue's price of its day.
    """

    model_config = with_example(_EXAMPLE)

    sold_at: Annotated[
        dt.datetime,
        WrittenInstant,
        BeforeValidator(_is_no_day_alone),
        Field(description="In the store's local time if it has no offset; at most 7 days ago"),
    ]
    sale_id: Annotated[UUID, AfterValidator(is_uuid7)]


class LotIn(BaseModel):
    """Sales that have happened. Each is judged alone, and a malformed one is answered alone."""

    model_config = with_example({"ventes": [_EXAMPLE]})

    # Skipped: a malformed sale would refuse the others. `read_sale` validates each.
    sales: Annotated[
        list[SkipValidation[OfflineSaleIn]], Field(min_length=1, max_length=MOST_SALES)
    ]


def read_sale(given: Any) -> OfflineSaleIn:
    """Return a sale of the body; raise `RequestValidationError` or `Problem` for a malformed one.

    Pointers are into the sale.
    """
    if not isinstance(given, Mapping):
        code = "model_attributes_type"
        raise invalid_request([{"pointer": "", "code": code, "detail": FAULTS[code]}])
    try:
        return OfflineSaleIn.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in faults]
        ) from error


def id_in(given: Any) -> UUID | None:
    """Return the `vente_id` of a sale of the body, which may be malformed."""
    try:
        return UUID(given["vente_id"]) if isinstance(given, Mapping) else None
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
