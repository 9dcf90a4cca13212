"""Answers about reservations: English structs whose members have French names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import msgspec

from service_kit.telemetry.stages import Stage, stage
from stock_service.api.words import FRENCH, FRENCH_OF_RESERVATION, WORD_OF_STATUS
from stock_service.domain.reservations import Reservation

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class ReservedLineOut(msgspec.Struct, frozen=True, rename=FRENCH):
    """The units of a product that a reservation holds or held."""

    product_id: int
    quantity: int


class ReservationOut(msgspec.Struct, frozen=True, rename=FRENCH_OF_RESERVATION, kw_only=True):
    """A reservation; `vente_id` is the sale that consumed it."""

    reservation_id: UUID
    store_id: int
    status: str
    lines: list[ReservedLineOut]
    expires_at: Instant
    created_at: Instant
    closed_at: Instant | None
    reference: str | None
    sale_id: UUID | None

    @classmethod
    def of(cls, reservation: Reservation) -> Self:
        return cls(
            reservation_id=reservation.reservation_id,
            store_id=reservation.store_id,
            status=WORD_OF_STATUS[reservation.status],
            lines=[ReservedLineOut(*line) for line in reservation.quantities.items()],
            expires_at=reservation.expires_at,
            created_at=reservation.created_at,
            closed_at=reservation.closed_at,
            reference=reservation.reference,
            sale_id=reservation.sale_id,
        )


@stage(Stage.SERIALISATION)
def encode_reservation(reservation: Reservation) -> bytes:
    """Return a reservation as JSON."""
    return msgspec.json.encode(ReservationOut.of(reservation))


@stage(Stage.SERIALISATION)
def encode_reservations(reservations: Sequence[Reservation]) -> bytes:
    """Return a page of reservations as JSON."""
    return msgspec.json.encode([ReservationOut.of(each) for each in reservations])
