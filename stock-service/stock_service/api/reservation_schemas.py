"""Requests about reservations: French JSON outside, a draft of the domain inside."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError
from uuid_utils.compat import uuid7

from service_kit.events.causes import current_actor
from service_kit.http.dates import WrittenInstant
from stock_service.api.schemas import (
    CURSOR_HINT,
    FRENCH,
    LARGEST_ID,
    LARGEST_QUANTITY,
    LATEST_AHEAD,
    Reason,
)
from stock_service.api.words import STATUSES
from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.reservations import (
    DEFAULT_DURATION,
    LONGEST_DURATION,
    ReservationDraft,
    Status,
    sum_lines,
)

MOST_LINES = 500
# As it stands in `/docs`: it works on the demo stores, as often as one likes.
EXAMPLE_RESERVATION_ID = UUID("0193a5d0-2c00-7000-8000-000000000020")
_EXAMPLE: dict[str, Any] = {
    "magasin_id": 1,
    "lignes": [{"produit_id": 1, "quantite": 1}],
    "expire_dans": 86400,
    "reference": "Retrait de Mme Tremblay",
    "reservation_id": str(EXAMPLE_RESERVATION_ID),
}


def _is_chosen_id(value: UUID) -> UUID:
    if value.version != 7:
        raise PydanticCustomError("uuid-invalide", "Un UUID de version 7 est attendu.")
    # Lists are ordered by id: it would stay the newest one.
    made_at = datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    if made_at > datetime.now(UTC) + LATEST_AHEAD:
        raise PydanticCustomError("date-absurde", "L'identifiant a plus d'un jour d'avance.")
    return value


class ReservedLineIn(BaseModel):
    """Units of a product to reserve. Lines of one product are added up."""

    model_config = {**FRENCH, "strict": True}

    product_id: Annotated[ProductId, Field(ge=1, le=LARGEST_ID)]
    quantity: Annotated[int, Field(ge=1, le=LARGEST_QUANTITY)]


class ReservationIn(BaseModel):
    """A reservation: for `expire_dans` seconds (900 by default), or until `expire_a`."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_EXAMPLE]}}

    store_id: Annotated[StoreId, Field(ge=1, le=LARGEST_ID, strict=True)]
    lines: Annotated[list[ReservedLineIn], Field(min_length=1, max_length=MOST_LINES)]
    expires_in: Annotated[
        int | None, Field(ge=1, le=int(LONGEST_DURATION.total_seconds()), strict=True)
    ] = None
    expires_at: (
        Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC)), WrittenInstant] | None
    ) = None
    reference: Reason | None = None
    reservation_id: Annotated[UUID, AfterValidator(_is_chosen_id)] | None = None

    @model_validator(mode="after")
    def _has_one_end(self) -> Self:
        if self.expires_in is not None and self.expires_at is not None:
            raise PydanticCustomError(
                "expiration-double", "Donnez expire_dans ou expire_a, pas les deux."
            )
        return self

    def to_draft(self) -> ReservationDraft:
        """Return the request in the words of the domain."""
        lasts = DEFAULT_DURATION
        if self.expires_in is not None:
            lasts = timedelta(seconds=self.expires_in)
        return ReservationDraft(
            reservation_id=self.reservation_id or uuid7(),
            has_chosen_id=self.reservation_id is not None,
            store_id=self.store_id,
            entries=sum_lines((line.product_id, line.quantity) for line in self.lines),
            lasts=lasts,
            until=self.expires_at,
            reference=self.reference,
            actor=current_actor(),
        )


class ReservationQuery(BaseModel):
    """A page of reservations, newest first."""

    model_config = FRENCH

    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only this store")
    ] = None
    product_id: Annotated[
        ProductId | None, Field(ge=1, le=LARGEST_ID, description="Only with this product")
    ] = None
    status: Annotated[
        Literal["ouverte", "consommee", "liberee", "expiree"] | None,
        Field(description="Only with this status; an open one whose end has passed is `expiree`"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[UUID | None, Field(description=CURSOR_HINT)] = None

    def wanted_status(self) -> Status | None:
        return None if self.status is None else STATUSES[self.status]
