"""Requests about a store's requests for goods: French JSON outside, words of the domain inside."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from stock_service.api.schemas import (
    FRENCH,
    LARGEST_ID,
    LARGEST_QUANTITY,
    MovementQuery,
    Reason,
)
from stock_service.api.transfer_schemas import Product, Store
from stock_service.api.words import REQUEST_STATUSES
from stock_service.domain.levels import StoreId
from stock_service.domain.requests import RequestStatus

# As it stands in `/docs`; it works on the demo stores.
_REQUEST: dict[str, Any] = {"produit_id": 1, "quantite": 20, "magasin_id": 1}
_REFUSAL: dict[str, Any] = {"motif": "Le produit n'est plus commandé"}

CentreId = Annotated[
    StoreId | None,
    Field(
        ge=1,
        le=LARGEST_ID,
        description="The centre that the goods leave: needed when several are open",
    ),
]
RequestId = Annotated[int, Path(alias="demande_id", ge=1, le=LARGEST_ID, examples=[1])]
Status = Literal["en_attente", "approuvee", "refusee", "preparee", "expediee", "recue"]


class RequestIn(BaseModel):
    """What a store asks for; `centre_id` names the centre when there are several."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_REQUEST]}}

    product_id: Product
    quantity: Annotated[int, Field(ge=1, le=LARGEST_QUANTITY, strict=True)]
    store_id: Store
    centre_id: Store | None = None


class RefusalIn(BaseModel):
    """Why nothing is sent."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_REFUSAL]}}

    reason: Reason


class RequestsQuery(MovementQuery):
    """A page of requests, newest first."""

    status: Annotated[Status | None, Field(description="Only in this state")] = None

    def wanted_status(self) -> RequestStatus | None:
        return None if self.status is None else REQUEST_STATUSES[self.status]


class CentreQuery(BaseModel):
    """The centre that sends the goods."""

    model_config = FRENCH

    centre_id: CentreId = None


class SendingQuery(CentreQuery):
    """How the goods of a request leave."""

    is_partial: Annotated[
        bool, Field(description="Send what there is when the centre has less than is wanted")
    ] = False
