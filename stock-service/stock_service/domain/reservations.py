"""Reserves goods for later, and ends reservations: consumed, released or expired."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from stock_service.domain.entries import Entry
from stock_service.domain.errors import (
    ExpiryOutOfBounds,
    InsufficientStock,
    ReservationClosed,
    ReservationExists,
)
from stock_service.domain.levels import LevelBook, LevelKey, ProductId, Shortage, StoreId

DEFAULT_DURATION = timedelta(minutes=15)
LONGEST_DURATION = timedelta(days=31)


class Status(StrEnum):
    """Where a reservation stands, as its table says it."""

    OPEN = "open"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"


class ReservationFault(StrEnum):
    """Why a reservation is of no use to a sale, as the event says it."""

    UNKNOWN = "unknown"
    OTHER_STORE = "other-store"
    CONSUMED = "consumed"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Units of a store that are held back until `expires_at`, summed per product.

    One whose end has passed has the status expired. `is_held` is true as long as it is not closed:
    then its units are still in the levels' `reserved`.
    """

    reservation_id: UUID
    store_id: StoreId
    quantities: Mapping[ProductId, int]
    created_at: datetime
    expires_at: datetime
    reference: str | None = None
    actor: str | None = None
    status: Status = Status.OPEN
    is_held: bool = True
    version: int = 1
    closed_at: datetime | None = None
    sale_id: UUID | None = None

    @property
    def keys(self) -> list[LevelKey]:
        return [LevelKey(self.store_id, product_id) for product_id in self.quantities]

    def seen_at(self, instant: datetime) -> "Reservation":
        """Return the reservation with the status that it has at an instant."""
        has_expired = self.is_held and self.expires_at <= instant
        return replace(self, status=Status.EXPIRED) if has_expired else self


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationDraft:
    """What somebody wants to reserve, for a time (`lasts`) or until an instant (`until`)."""

    reservation_id: UUID
    has_chosen_id: bool
    store_id: StoreId
    entries: Sequence[Entry]
    lasts: timedelta
    until: datetime | None = None
    reference: str | None = None
    actor: str | None = None

    @property
    def keys(self) -> list[LevelKey]:
        return [LevelKey(self.store_id, entry.product_id) for entry in self.entries]

    @property
    def quantities(self) -> dict[ProductId, int]:
        return {entry.product_id: entry.delta for entry in self.entries}


def sum_lines(lines: Iterable[tuple[ProductId, int]]) -> list[Entry]:
    """Return the wanted units per product, with the places of their lines."""
    entries: dict[ProductId, Entry] = {}
    for place, (product_id, quantity) in enumerate(lines):
        entry = entries.setdefault(product_id, Entry(product_id))
        entry.delta += quantity
        entry.lines.append(place)
    return list(entries.values())


def repeat(draft: ReservationDraft, known: Reservation) -> Reservation:
    """Return the reservation of the draft's id; raise `ReservationExists` for another content."""
    ends = known.created_at + draft.lasts if draft.until is None else draft.until
    asked = (draft.store_id, draft.quantities, draft.reference, ends)
    if asked != (known.store_id, dict(known.quantities), known.reference, known.expires_at):
        raise ReservationExists(known.reservation_id)
    return known


def reserve_goods(book: LevelBook, draft: ReservationDraft) -> Reservation:
    """Hold all units of a draft or none.

    Raises `InsufficientStock` with every product that is short, or `ExpiryOutOfBounds`.
    """
    assert book.held is not None
    now = book.held.at
    ends = now + draft.lasts if draft.until is None else draft.until
    if not now < ends <= now + LONGEST_DURATION:
        raise ExpiryOutOfBounds
    levels = [
        (entry, book.available(key)) for key, entry in zip(draft.keys, draft.entries, strict=True)
    ]
    missing = {
        Shortage(entry.product_id, entry.delta, available): entry.lines
        for entry, available in levels
        if available < entry.delta
    }
    if missing:
        raise InsufficientStock(missing)
    for key, entry in zip(draft.keys, draft.entries, strict=True):
        book.reserve(key, entry.delta)
    return Reservation(
        reservation_id=draft.reservation_id,
        store_id=draft.store_id,
        quantities=draft.quantities,
        created_at=now,
        expires_at=ends,
        reference=draft.reference,
        actor=draft.actor,
    )


def release(book: LevelBook, reservation: Reservation) -> Reservation:
    """Release a reservation; a released one stays as it is. Raise `ReservationClosed`."""
    if reservation.status is Status.RELEASED:
        return reservation
    if reservation.status is not Status.OPEN:
        raise ReservationClosed(reservation.status)
    return close(book, reservation, Status.RELEASED)


def close(
    book: LevelBook, reservation: Reservation, status: Status, sale_id: UUID | None = None
) -> Reservation:
    """Give back what a reservation still holds, and return it as it is then."""
    assert book.held is not None
    assert reservation.is_held
    have_expired = reservation.status is Status.EXPIRED
    for product_id, units in reservation.quantities.items():
        book.free(LevelKey(reservation.store_id, product_id), units, have_expired=have_expired)
    return replace(
        reservation,
        status=status,
        is_held=False,
        version=reservation.version + 1,
        closed_at=book.held.at,
        sale_id=sale_id,
    )


@dataclass(slots=True)
class ReservationBook:
    """The reservations that the sales of a batch name, as they were before the locks."""

    book: LevelBook
    found: Mapping[UUID, Reservation] = field(default_factory=dict)
    consumed: dict[UUID, Reservation] = field(default_factory=dict)

    def look_up(self, reservation_id: UUID, store_id: StoreId) -> Reservation | ReservationFault:
        """Return the reservation if a sale of this store may use it, or else why not."""
        reservation = self.consumed.get(reservation_id) or self.found.get(reservation_id)
        if reservation is None:
            return ReservationFault.UNKNOWN
        if reservation.store_id != store_id:
            return ReservationFault.OTHER_STORE
        if reservation.is_held:
            reservation = self._under_locks(reservation)
        if reservation.status is Status.OPEN:
            return reservation
        return ReservationFault(reservation.status.value)

    def consume(self, reservation: Reservation, sale_id: UUID) -> None:
        """Give all of it back: the sale takes what it needs of it."""
        consumed = close(self.book, reservation, Status.CONSUMED, sale_id)
        self.consumed[reservation.reservation_id] = consumed

    def _under_locks(self, reservation: Reservation) -> Reservation:
        held = self.book.held
        assert held is not None
        seen = reservation.seen_at(held.at)
        if reservation.reservation_id in held.open_ids or seen.status is Status.EXPIRED:
            return seen
        # Closed while this batch waited for the locks. The sales of the store are all in this
        # batch's partition, so no sale has consumed it.
        return replace(reservation, status=Status.RELEASED, is_held=False)
