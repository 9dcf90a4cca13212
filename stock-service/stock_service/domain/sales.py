"""Decides each sale once, however often its events are delivered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from stock_service.domain.errors import ImpossibleSale
from stock_service.domain.levels import (
    Document,
    Kind,
    LevelBook,
    LevelKey,
    ProductId,
    Shortage,
    StoreId,
)
from stock_service.domain.reservations import Reservation, ReservationBook, ReservationFault

Quantities = Mapping[ProductId, int]


@dataclass(frozen=True, slots=True)
class Sale:
    """A recorded sale, its quantities summed per product."""

    sale_id: UUID
    store_id: StoreId
    sold_at: datetime
    wanted: Quantities
    is_conditional: bool
    """True if the sale waits for the stock's decision (strict store)."""
    actor: str | None = None
    reservation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The end of a sale: the stock takes back what the sale took."""

    sale_id: UUID
    store_id: StoreId
    cancelled_at: datetime
    actor: str | None = None


class Outcome(StrEnum):
    """What happened to a sale's goods. A sale that was cancelled before it arrived is `refused`."""

    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of one sale."""

    sale_id: UUID
    store_id: StoreId
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a conditional sale. Unless it is refused, everything was taken."""

    sale_id: UUID
    store_id: StoreId
    missing: tuple[Shortage, ...]
    reservation_fault: ReservationFault | None = None

    @property
    def is_refused(self) -> bool:
        return bool(self.missing) or self.reservation_fault is not None


class SaleDecider:
    """Decides sales one after the other, on locked levels and with the earlier decisions."""

    def __init__(
        self,
        book: LevelBook,
        decided: Mapping[UUID, Decision],
        withdrawn: Mapping[UUID, Quantities],
        reservations: ReservationBook | None = None,
    ) -> None:
        self._book = book
        self._reservations = reservations or ReservationBook(book)
        self._decided = dict(decided)
        self._withdrawn = dict(withdrawn)
        self.decisions: dict[UUID, Decision] = {}

    def withdraw(self, sale: Sale) -> Reply | None:
        """Take all lines of a sale or none; change nothing if it was decided before.

        A sale without condition takes its lines whatever is reserved. It consumes the reservation
        that it names if that is open.
        """
        if self._decision_on(sale) is not None:
            return None
        named: Reservation | ReservationFault | None = None
        if sale.reservation_id is not None:
            named = self._reservations.look_up(sale.reservation_id, sale.store_id)
        reservation = named if isinstance(named, Reservation) else None
        reply: Reply | None = None
        if sale.is_conditional:
            fault = named if isinstance(named, ReservationFault) else None
            missing = self._shortages(sale, reservation)
            reply = Reply(sale.sale_id, sale.store_id, missing, fault)
        if reply is not None and reply.is_refused:
            self._decide(sale, Outcome.REFUSED)
        else:
            if reservation is not None:
                self._reservations.consume(reservation, sale.sale_id)
            document = Document(sale.sale_id, Kind.SALE, sale.sold_at, actor=sale.actor)
            for product_id, quantity in sale.wanted.items():
                self._book.move(LevelKey(sale.store_id, product_id), -quantity, document)
            self._withdrawn[sale.sale_id] = sale.wanted
            self._decide(sale, Outcome.WITHDRAWN)
        return reply

    def take_back(self, cancellation: Cancellation) -> None:
        """Put back what the sale took, once; a sale that arrives later takes nothing."""
        decision = self._decision_on(cancellation)
        if decision is None:
            self._decide(cancellation, Outcome.REFUSED)
        elif decision.outcome is Outcome.WITHDRAWN:
            document = Document(
                cancellation.sale_id,
                Kind.CANCELLATION,
                cancellation.cancelled_at,
                actor=cancellation.actor,
            )
            for product_id, quantity in self._withdrawn[cancellation.sale_id].items():
                self._book.move(LevelKey(decision.store_id, product_id), quantity, document)
            self._decide(cancellation, Outcome.RETURNED)

    def _decision_on(self, change: Sale | Cancellation) -> Decision | None:
        decision = self._decided.get(change.sale_id)
        if decision is not None and decision.store_id != change.store_id:
            raise ImpossibleSale(
                f"sale {change.sale_id} is of store {decision.store_id}, not {change.store_id}"
            )
        return decision

    def _shortages(self, sale: Sale, reservation: Reservation | None) -> tuple[Shortage, ...]:
        own = {} if reservation is None else reservation.quantities
        levels = (
            (
                product_id,
                quantity,
                self._book.available(LevelKey(sale.store_id, product_id)) + own.get(product_id, 0),
            )
            for product_id, quantity in sale.wanted.items()
        )
        return tuple(
            Shortage(product_id, quantity, available)
            for product_id, quantity, available in levels
            if available < quantity
        )

    def _decide(self, change: Sale | Cancellation, outcome: Outcome) -> None:
        decision = Decision(change.sale_id, change.store_id, outcome)
        self._decided[change.sale_id] = self.decisions[change.sale_id] = decision
