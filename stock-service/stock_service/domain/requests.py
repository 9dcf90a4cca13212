"""A store's request for goods, and the centre that they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.request_errors import (
    CentreIsShort,
    CentreNotNamed,
    NoCentre,
    NotACentre,
    WrongRequestStatus,
)


class RequestStatus(StrEnum):
    """Where a request stands, as its table says it."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    PREPARED = "prepared"
    SHIPPED = "shipped"
    RECEIVED = "received"


# Nothing has left for these.
OPEN = (RequestStatus.PENDING, RequestStatus.APPROVED, RequestStatus.PREPARED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Units of a product that a store wants; `sent` have left the centre for it."""

    id: int
    store_id: StoreId
    product_id: ProductId
    quantity: int
    status: RequestStatus
    centre_id: StoreId | None
    transfer_id: UUID | None
    reason: str | None
    sent: int
    created_at: datetime
    created_by: str | None
    changed_at: datetime
    changed_by: str | None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def require(self, *allowed: RequestStatus) -> None:
        """Raise `WrongRequestStatus` unless the request has one of these."""
        if self.status not in allowed:
            raise WrongRequestStatus(self.id, self.status)


@dataclass(frozen=True, slots=True)
class Centre:
    """An open logistics centre."""

    id: StoreId
    name: str


def choose_centre(
    centres: Sequence[Centre], store_id: StoreId, wanted: StoreId | None, former: StoreId | None
) -> StoreId:
    """Return the centre that the goods of a store's request leave.

    It is the one that is named now, or was named before and is still open, or the only one.
    Raises `NotACentre`, `NoCentre` or `CentreNotNamed`.
    """
    others = [each for each in centres if each.id != store_id]
    known = {each.id for each in others}
    if wanted is not None:
        if wanted not in known:
            raise NotACentre(wanted)
        return wanted
    if former in known:
        assert former is not None
        return former
    if not others:
        raise NoCentre
    if len(others) > 1:
        raise CentreNotNamed(others)
    return others[0].id


def units_to_send(request: Request, centre_id: StoreId, available: int, *, is_partial: bool) -> int:
    """Return how many units leave the centre: all, or what there is; raise `CentreIsShort`.

    A centre sends what it has, whatever its stock policy.
    """
    if available >= request.quantity:
        return request.quantity
    if is_partial and available > 0:
        return available
    raise CentreIsShort(centre_id, request.product_id, request.quantity, available)
