"""Requests about counts: French JSON outside, objects of the domain inside."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from service_kit.http.dates import WrittenInstant
from stock_service.api.schemas import FRENCH, LARGEST_ID, PageQuery, Reason, one_line
from stock_service.api.words import COUNT_STATUSES
from stock_service.domain.counts import Count, Counted, CountStatus
from stock_service.domain.levels import LEVEL_LIMIT, ProductId, StoreId

# As it stands in `/docs`; it works on the demo stores.
EXAMPLE_ID = UUID("0193a5d0-2c00-7000-8000-000000000030")
_COUNT: dict[str, Any] = {
    "magasin_id": 1,
    "produits": [1, 2],
    "motif": "Inventaire tournant",
    "inventaire_id": str(EXAMPLE_ID),
}
_COUNTED: dict[str, Any] = {"lignes": [{"produit_id": 1, "quantite": 7}]}
MOST_LINES = 2000

Store = Annotated[StoreId, Field(ge=1, le=LARGEST_ID, strict=True)]
Product = Annotated[ProductId, Field(ge=1, le=LARGEST_ID, strict=True)]
Category = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
# In UTC it must be a year of the calendar, too.
CountedAt = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC)),
    WrittenInstant,
]
Status = Literal["ouvert", "cloture", "annule"]


class CountsQuery(PageQuery):
    """A page of counts, newest first."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only of this store")
    ] = None
    status: Annotated[Status | None, Field(description="Only in this state")] = None

    def wanted_status(self) -> CountStatus | None:
        return None if self.status is None else COUNT_STATUSES[self.status]


class CountIn(BaseModel):
    """What is to be counted: a category, some products, or without both the whole store.

    `inventaire_id` is a UUID that the client chooses.
    """

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_COUNT]}}

    store_id: Store
    category: Category | None = None
    products: Annotated[list[Product], Field(min_length=1, max_length=MOST_LINES)] | None = None
    reason: Reason | None = None
    count_id: UUID | None = None

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if self.category is not None and self.products is not None:
            raise PydanticCustomError(
                "portee-double", "Un inventaire porte sur une catégorie ou sur des produits."
            )
        return self

    def to_count(self) -> Count:
        return Count(
            id=self.count_id or uuid7(),
            store_id=self.store_id,
            category=self.category,
            product_ids=None if self.products is None else sorted(set(self.products)),
            reason=self.reason,
        )


class CountedLineIn(BaseModel):
    """The units of a product that are there, at an instant; without `compte_le`, now."""

    model_config = ConfigDict(**FRENCH)

    product_id: Product
    quantity: Annotated[int, Field(ge=0, le=LEVEL_LIMIT, strict=True)]
    counted_at: CountedAt | None = None


class CountedIn(BaseModel):
    """What somebody counted, in any order."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_COUNTED]}}

    lines: Annotated[list[CountedLineIn], Field(min_length=1, max_length=MOST_LINES)]

    def to_counted(self) -> list[Counted]:
        return [Counted(each.product_id, each.quantity, each.counted_at) for each in self.lines]
