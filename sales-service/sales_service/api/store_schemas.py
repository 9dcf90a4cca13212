"""Requests about stores: French JSON outside, columns of our table inside."""

from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator
from pydantic_core import PydanticKnownError

from sales_service.api.amounts import Currency, Rate
from sales_service.api.schemas import (
    FRENCH_ONLY,
    LongText,
    PageQuery,
    Text,
    require_change,
    with_example,
)
from sales_service.api.tax_words import TaxCode, TaxPlace
from sales_service.api.words import KINDS
from sales_service.domain.taxes import MOST_CODES

ROUNDING_HINT = "To how many cents a rest that is due in cash is rounded; 0 does not round"


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("Fuseau horaire IANA inconnu.")
    ZoneInfo(name)
    return name


Timezone = Annotated[str, AfterValidator(_known_timezone)]
Kind = Literal["magasin", "centre_logistique"]
Policy = Literal["strict", "permissive"]


def _no_boolean(value: Any) -> Any:
    # For Python `False` is 0.
    if isinstance(value, bool):
        raise PydanticKnownError("literal_error", {"expected": "0 or 5"})
    return value


CashRounding = Annotated[Literal[0, 5], BeforeValidator(_no_boolean)]


class StoresQuery(PageQuery):
    """A page of the open stores, or with `actif=false` of the closed ones."""

    is_active: bool = True


class TaxIn(BaseModel):
    """A tax of a store."""

    model_config = FRENCH_ONLY

    code: TaxCode
    rate: Rate


Taxes = Annotated[list[TaxIn], Field(max_length=MOST_CODES)]


class StoreIn(BaseModel):
    """A new store. It charges the taxes of `lieu_fiscal`, or those of its own list `taxes`.

    Both are refused: one of them would vanish."""

    model_config = with_example({"nom": "Magasin du port", "ville": "Brest"})

    name: Text
    address: LongText = ""
    city: LongText = ""
    kind: Kind = "magasin"
    timezone: Timezone | None = None
    cutoff_hour: Annotated[int, Field(ge=0, le=12)] = 0
    currency: Currency | None = None
    stock_policy: Policy = "strict"
    tax_place: TaxPlace | None = None
    taxes: Taxes | None = None
    cash_rounding: Annotated[CashRounding, Field(description=ROUNDING_HINT)] = 5

    @model_validator(mode="after")
    def _has_one_source_of_taxes(self) -> Self:
        _refuse_two_sources(self)
        return self

    def columns(self) -> dict[str, Any]:
        """Return the columns that the body sets."""
        return _store_columns(self)


class StoreChange(BaseModel):
    """Changes of a store; absent fields stay. `actif: true` reopens a closed store.

    With `taxes` it charges those of its own list from then on, with `lieu_fiscal` those of a place.
    Both are refused.
    """

    model_config = with_example({"ville": "Brest"})

    name: Text | None = None
    address: LongText | None = None
    city: LongText | None = None
    kind: Kind | None = None
    timezone: Timezone | None = None
    cutoff_hour: Annotated[int | None, Field(ge=0, le=12)] = None
    stock_policy: Policy | None = None
    tax_place: TaxPlace | None = None
    taxes: Taxes | None = None
    cash_rounding: Annotated[CashRounding | None, Field(description=ROUNDING_HINT)] = None
    is_active: Annotated[bool | None, Field(strict=True)] = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        require_change(self)
        _refuse_two_sources(self)
        return self

    def columns(self) -> dict[str, Any]:
        """Return the columns that change."""
        return _store_columns(self)


def _refuse_two_sources(body: StoreIn | StoreChange) -> None:
    if body.tax_place is not None and body.taxes is not None:
        raise ValueError("lieu_fiscal ou taxes est attendu : l'un des deux.")


def _store_columns(body: StoreIn | StoreChange) -> dict[str, Any]:
    columns = body.model_dump(exclude_none=True)
    if "kind" in columns:
        columns["kind"] = KINDS[columns["kind"]]
    if "taxes" in columns:
        columns["taxes"] = [tax | {"rate": str(tax["rate"])} for tax in columns["taxes"]]
        columns["tax_place"] = None
    elif "tax_place" in columns:
        columns["taxes"] = []
    return columns
