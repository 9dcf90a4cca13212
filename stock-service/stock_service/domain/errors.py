"""What can be wrong with a request or an event, as facts; `api/problems.py` answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from stock_service.domain.levels import Shortage, StoreId
    from stock_service.domain.reservations import Status


class StockError(Exception):
    """The request or event cannot be done."""


class UnknownStore(StockError):
    """No store has this identifier."""

    def __init__(self, store_id: StoreId) -> None:
        super().__init__(f"no store {store_id}")
        self.store_id = store_id


class UnknownDocument(StockError):
    """No document with movements has this identifier, or it is a sale."""


class UnknownReferences(StockError):
    """An entry names an unknown store or unknown products; `lines` name the products."""

    def __init__(
        self, *, unknown_store: StoreId | None, unknown_products: int, lines: Sequence[int]
    ) -> None:
        super().__init__(f"unknown store {unknown_store}, {unknown_products} unknown products")
        self.unknown_store = unknown_store
        self.unknown_products = unknown_products
        self.lines = lines


class UnknownMembers(StockError):
    """A document names unknown stores or products; both are JSON Pointers into its body."""

    def __init__(self, *, stores: Sequence[str], products: Sequence[str]) -> None:
        super().__init__(f"{len(stores)} unknown stores, {len(products)} unknown products")
        self.stores = stores
        self.products = products


class EntryRule(Enum):
    """The rules of an entry and its lines."""

    ADJUSTMENT_HAS_REASON = auto()
    RECEPTION_ADDS = auto()
    PRODUCT_MOVES = auto()
    RECEPTION_COSTS = auto()
    COST_OF_ALL_LINES = auto()


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that an entry breaks, and the index of the line if one line breaks it."""

    rule: EntryRule
    line: int | None = None


class InvalidEntry(StockError):
    """An entry breaks rules; `breaches` has all of them."""

    def __init__(self, breaches: Sequence[Breach]) -> None:
        super().__init__(f"{len(breaches)} breaches")
        self.breaches = breaches


class InsufficientStock(StockError):
    """A strict store has less than an adjustment takes, or a store less than is to be reserved.

    `shortages` has the lines of each product.
    """

    def __init__(self, shortages: Mapping[Shortage, Sequence[int]]) -> None:
        super().__init__(f"{len(shortages)} products are short")
        self.shortages = shortages


class InsufficientLot(StockError):
    """Strict stores have less than a lot takes; each shortage has its store and its rows."""

    def __init__(self, shortages: Sequence[tuple[StoreId, Shortage, Sequence[int]]]) -> None:
        super().__init__(f"{len(shortages)} levels are short")
        self.shortages = shortages


class LevelOutOfBounds(StockError):
    """A level would pass its limit; `lines` are the lines of the entry that cause it."""

    def __init__(self, message: str, lines: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.lines = lines


class ImpossibleSale(StockError):
    """An event about a sale contradicts an earlier event about it."""


class UnknownReservation(StockError):
    """No reservation has this identifier."""


class ReservationExists(StockError):
    """Another reservation has the identifier that the client has chosen."""

    def __init__(self, reservation_id: UUID) -> None:
        super().__init__(f"another reservation is {reservation_id}")
        self.reservation_id = reservation_id


class ReservationClosed(StockError):
    """A reservation that was consumed or has expired cannot be released."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"the reservation is {status}")
        self.status = status


class ExpiryOutOfBounds(StockError):
    """A reservation would end in the past, or too late."""


class UnknownAlert(StockError):
    """No alert has this identifier."""


class AlertClosed(StockError):
    """An alert that has closed cannot be acknowledged."""
