"""Requests about the catalogue: French JSON outside, columns of our tables inside."""

from typing import Annotated, Any, Literal, Self

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.types import StringConstraints

from sales_service.api.amounts import PriceParameter, UnitPrice
from sales_service.api.tax_words import TaxClass
from sales_service.api.words import translate
from sales_service.domain.taxes import TAXABLE
from sales_service.use_cases.manage_products import Count, NewProduct
from service_kit.http.spelling import Spelling

# Refuse unknown members and parameters: they are misspelt.
FRENCH_ONLY = ConfigDict(extra="forbid", alias_generator=translate)


def with_example(example: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a body with an example that `/docs` shows and that works."""
    return {**FRENCH_ONLY, "json_schema_extra": {"examples": [example]}}


_PRODUCT = {"nom": "Café moulu 250 g", "categorie": "Épicerie", "prix": 4.9}


LARGEST_ID = 2_147_483_647
CURSOR_HINT = "Where the page begins: the header `Link` of each page names that of the next one"

Identifier = Annotated[int, Field(strict=True, ge=1, le=LARGEST_ID)]
MOST_ON_HAND = 1_000_000
Units = Annotated[int, Field(strict=True, ge=0, le=MOST_ON_HAND)]
PricesOfStore = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST_ID)] | None,
    Field(description="`prix` is that of this store today, and not the chain's"),
]
PathId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[1])]


def no_nul(value: str) -> str:
    # PostgreSQL stores no NUL in a text.
    if "\x00" in value:
        raise ValueError("Le caractère NUL n'est pas permis.")
    return value


Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(no_nul),
]
LongText = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(no_nul)
]


# Of a GTIN, of 8 to 14 digits, or of a shop's own making: what Code 128 can print.
Barcode = Annotated[
    str,
    StringConstraints(strip_whitespace=True),
    Spelling(
        "[!-~]([ -~]{0,38}[!-~])?",
        "1 à 40 caractères sont attendus : lettres sans accents, chiffres, signes et espaces.",
    ),
]


class PageQuery(BaseModel):
    """A page of a list by id."""

    model_config = FRENCH_ONLY

    limit: Annotated[int, Field(ge=1, le=1000)] = 500
    cursor: Annotated[int, Field(ge=0, le=LARGEST_ID, description=CURSOR_HINT)] = 0


class ProductsQuery(PageQuery):
    """A page of the products on sale, or with `actif=false` of the retired ones."""

    is_active: bool = True
    barcode: Annotated[
        Barcode | None, Field(description="Only the product with exactly this bar code")
    ] = None
    store_id: PricesOfStore = None


class ProductIn(BaseModel):
    """A new product of the chain; `magasin_id` is the store that it is made for, and
    `quantite_stock` its opening stock there."""

    model_config = with_example(_PRODUCT)

    name: Text
    category: Text
    unit_price: UnitPrice
    sku: Text | None = None
    barcode: Barcode | None = None
    description: LongText = ""
    unit_cost: UnitPrice | None = None
    home_store_id: Identifier | None = None
    on_hand: Units = 0
    tax_class: TaxClass = TAXABLE

    @model_validator(mode="after")
    def _says_where_the_stock_is(self) -> Self:
        if self.on_hand and self.home_store_id is None:
            raise ValueError("quantite_stock demande magasin_id : le magasin qui a ces unités.")
        return self

    def new_product(self) -> NewProduct:
        """Return the columns of the new row, and its opening stock."""
        return NewProduct(self.model_dump(exclude={"on_hand"}), self.on_hand)


class ProductParameters(BaseModel):
    """A new product in the query, as the seed's clients send it."""

    model_config = FRENCH_ONLY

    name: Text | None = Field(None, description="name, if the body is empty")
    category: Text | None = Field(None, description="category, if the body is empty")
    unit_price: PriceParameter | None = Field(
        None, description="price before tax, if the body is empty"
    )
    home_store_id: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="the store that the product is made for"
    )
    on_hand: int | None = Field(
        None, ge=0, le=MOST_ON_HAND, description="units that this store has already"
    )

    def given(self) -> dict[str, Any]:
        """Return the parameters of the request by their French names."""
        return self.model_dump(exclude_unset=True, by_alias=True)


class ProductsIn(BaseModel):
    """A batch of new products; it is added whole or not at all."""

    model_config = with_example({"produits": [_PRODUCT]})

    products: Annotated[list[ProductIn], Field(min_length=1, max_length=1000)]


class ProductChange(BaseModel):
    """Changes of a product; absent fields stay. Past sales keep their name and price.

    `actif: false` retires the product, and `actif: true` puts it on sale again. An empty
    `code_barres` takes the bar code away.

    `quantite_stock` is a count in `magasin_id`, by default in the store that the product was made
    for."""

    model_config = with_example({"prix": 5.2})

    name: Text | None = None
    category: Text | None = None
    unit_price: UnitPrice | None = None
    sku: Text | None = None
    barcode: Barcode | Literal[""] | None = None
    description: LongText | None = None
    unit_cost: UnitPrice | None = None
    tax_class: TaxClass | None = None
    is_active: Annotated[bool | None, Field(strict=True)] = None
    on_hand: Units | None = None
    store_id: Identifier | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        require_change(self)
        if self.store_id is not None and self.on_hand is None:
            raise ValueError("magasin_id dit où quantite_stock a été compté : il manque.")
        return self

    def columns(self) -> dict[str, Any]:
        """Return the columns that change."""
        columns = self.model_dump(exclude_none=True, exclude={"on_hand", "store_id"})
        return columns | {"barcode": None} if self.barcode == "" else columns

    def count(self) -> Count | None:
        """Return the units that were counted, if any were."""
        return None if self.on_hand is None else Count(self.on_hand, self.store_id)


def require_change(body: BaseModel) -> None:
    """Raise a fault for a body that sets nothing."""
    if not body.model_dump(exclude_none=True):
        raise ValueError("Au moins un champ est attendu.")
