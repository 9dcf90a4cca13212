"""Requests about thresholds and what they suggest: French JSON outside."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from stock_service.api.schemas import FRENCH, LARGEST_ID, LARGEST_QUANTITY, PageQuery
from stock_service.api.transfer_schemas import Product, Store
from stock_service.db.thresholds import Threshold
from stock_service.domain.levels import StoreId

# As they stand in `/docs`; they work on the demo stores.
_THRESHOLD: dict[str, Any] = {
    "magasin_id": 1,
    "produit_id": 1,
    "seuil": 5,
    "point_commande": 10,
    "cible": 40,
    "maximum": 60,
}
_ACCEPTED: dict[str, Any] = {"lignes": [{"magasin_id": 1, "produit_id": 1}]}
MOST_ACCEPTED = 500

Units = Annotated[int, Field(strict=True, ge=0, le=LARGEST_QUANTITY)]


class ThresholdIn(BaseModel):
    """The thresholds of a product in a store; without `produit_id` of all its products, with a
    `magasin_id` of null of all stores."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_THRESHOLD]}}

    store_id: Store | None
    product_id: Product | None = None
    low: Units | None = None
    reorder_point: Units | None = None
    target: Units | None = None
    high: Units | None = None

    @model_validator(mode="after")
    def _orders_something(self) -> Self:
        if None not in (self.reorder_point, self.target) and self.target < self.reorder_point:  # type: ignore[operator]
            raise PydanticCustomError(
                "cible-trop-basse", "La cible est au moins le point de commande."
            )
        if self.high is not None and self.high < max(self.low or 0, self.target or 0):
            raise PydanticCustomError(
                "maximum-trop-bas", "Le maximum est au moins le seuil et la cible."
            )
        return self

    def to_threshold(self) -> Threshold:
        return Threshold(
            self.store_id, self.product_id, self.low, self.reorder_point, self.target, self.high
        )


class SuggestionsQuery(PageQuery):
    """A page of what stores should order."""

    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only of this store")
    ] = None


class AcceptedLineIn(BaseModel):
    """A product of a store of which the suggestion is accepted."""

    model_config = ConfigDict(**FRENCH, strict=True)

    store_id: Store
    product_id: Product


class AcceptedIn(BaseModel):
    """The suggestions that become requests, of the quantity that is suggested then."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_ACCEPTED]}}

    lines: Annotated[list[AcceptedLineIn], Field(min_length=1, max_length=MOST_ACCEPTED)]
    centre_id: Store | None = None
