"""Requests about transfers: French JSON outside, objects of the domain inside."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from uuid_utils.compat import uuid7

from stock_service.api.schemas import (
    FRENCH,
    LARGEST_ID,
    LARGEST_QUANTITY,
    PageQuery,
    Reason,
)
from stock_service.api.words import TRANSFER_STATUSES
from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.transfers import Counted, Transfer, TransferStatus, draft_transfer

# As it stands in `/docs`; it works on the demo stores.
EXAMPLE_ID = UUID("0193a5d0-2c00-7000-8000-000000000020")
_TRANSFER: dict[str, Any] = {
    "de": 6,
    "vers": 1,
    "lignes": [{"produit_id": 1, "quantite": 2}],
    "transfert_id": str(EXAMPLE_ID),
}
_RECEPTION: dict[str, Any] = {
    "lignes": [{"produit_id": 1, "quantite": 1}],
    "motif_ecart": "Carton abîmé",
}
MOST_LINES = 2000

Store = Annotated[StoreId, Field(ge=1, le=LARGEST_ID, strict=True)]
Product = Annotated[ProductId, Field(ge=1, le=LARGEST_ID, strict=True)]
Status = Literal["brouillon", "expedie", "recu", "annule"]


class TransfersQuery(PageQuery):
    """A page of transfers, newest first."""

    store_id: Annotated[
        StoreId | None, Field(ge=1, le=LARGEST_ID, description="Only from or to this store")
    ] = None
    status: Annotated[Status | None, Field(description="Only in this state")] = None

    def wanted_status(self) -> TransferStatus | None:
        return None if self.status is None else TRANSFER_STATUSES[self.status]


class TransferLineIn(BaseModel):
    """A product and the units that shall leave; several lines of a product are one."""

    model_config = ConfigDict(**FRENCH, strict=True)

    product_id: Product
    quantity: Annotated[int, Field(ge=1, le=LARGEST_QUANTITY)]


class TransferIn(BaseModel):
    """A draft of a transfer. `transfert_id` is a UUID that the sender chooses."""

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_TRANSFER]}}

    from_store_id: Store
    to_store_id: Store
    lines: Annotated[list[TransferLineIn], Field(min_length=1, max_length=MOST_LINES)]
    reference: Reason | None = None
    transfer_id: UUID | None = None

    def to_draft(self) -> Transfer:
        """Return the draft; raise `SameStore`."""
        lines = ((line.product_id, line.quantity) for line in self.lines)
        return draft_transfer(
            self.transfer_id or uuid7(),
            self.from_store_id,
            self.to_store_id,
            lines,
            self.reference,
        )


class ArrivedLineIn(BaseModel):
    """A product and the units of it that arrived."""

    model_config = ConfigDict(**FRENCH, strict=True)

    product_id: Product
    quantity: Annotated[int, Field(ge=0, le=LARGEST_QUANTITY)]


class ReceptionIn(BaseModel):
    """What arrived of a transfer; without `lignes` everything that is on its way.

    With `motif_ecart` the reception closes the transfer: units that are on their way and not in
    `lignes` are missing, and more than those is a surplus.
    """

    model_config = {**FRENCH, "json_schema_extra": {"examples": [_RECEPTION]}}

    lines: Annotated[list[ArrivedLineIn], Field(max_length=MOST_LINES)] | None = None
    difference_reason: Reason | None = None
    reception_id: UUID | None = None

    @property
    def can_repeat(self) -> bool:
        """Return whether the same again could count units twice."""
        return self.lines is not None and self.difference_reason is None

    def counted(self) -> Counted:
        if self.lines is None and self.difference_reason is None:
            return Counted(None)
        lines = None if self.lines is None else [(x.product_id, x.quantity) for x in self.lines]
        return Counted(lines, self.difference_reason)
