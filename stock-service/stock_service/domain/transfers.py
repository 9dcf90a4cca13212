"""Moves goods between stores: out of the sender's levels, then into the receiver's.

What is on its way belongs to no store. It ends there by arriving, or by a difference that somebody
names: so transfers leave the chain's units as they are, but for the differences.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from stock_service.domain.errors import LevelOutOfBounds
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    LevelBook,
    LevelKey,
    ProductId,
    Shortage,
    StoreId,
)
from stock_service.domain.transfer_errors import (
    GoodsMissing,
    NothingReceived,
    SameStore,
    UnexpectedGoods,
    WrongStatus,
)


class TransferStatus(StrEnum):
    """Where a transfer stands, as its table says it; the last two are final."""

    DRAFT = "draft"
    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TransferLine:
    """A product of a transfer, in units.

    `difference` is what arrived less what was expected, said when the transfer is closed.
    """

    product_id: ProductId
    quantity: int
    shipped: int = 0
    received: int = 0
    difference: int = 0
    unit_cost: Decimal | None = None
    """The sender's average cost of a unit when the goods left; None if it was unknown."""

    @property
    def in_transit(self) -> int:
        return self.shipped - self.received + self.difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A transfer between two stores, one line per product, in the order of the products."""

    id: UUID
    reference: str | None
    from_store_id: StoreId
    to_store_id: StoreId
    status: TransferStatus
    lines: Sequence[TransferLine]
    number: int = 0
    created_at: datetime | None = None
    created_by: str | None = None
    shipped_at: datetime | None = None
    shipped_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    difference_reason: str | None = None

    @property
    def sent_keys(self) -> list[LevelKey]:
        return [LevelKey(self.from_store_id, line.product_id) for line in self.lines]

    @property
    def received_keys(self) -> list[LevelKey]:
        return [LevelKey(self.to_store_id, line.product_id) for line in self.lines]

    def require(self, status: TransferStatus) -> None:
        """Raise `WrongStatus` unless the transfer has this status."""
        if self.status is not status:
            raise WrongStatus(self.id, self.status)

    def is_repetition_of(self, draft: "Transfer") -> bool:
        """Return whether it was made by a request with the same content."""
        return (self.from_store_id, self.to_store_id, self.reference) == (
            draft.from_store_id,
            draft.to_store_id,
            draft.reference,
        ) and _quantities(self) == _quantities(draft)


def _quantities(transfer: Transfer) -> list[tuple[ProductId, int]]:
    return [(line.product_id, line.quantity) for line in transfer.lines]


def draft_transfer(
    transfer_id: UUID,
    from_store_id: StoreId,
    to_store_id: StoreId,
    lines: Iterable[tuple[ProductId, int]],
    reference: str | None = None,
) -> Transfer:
    """Return a new transfer, its lines summed per product; raise `SameStore`."""
    if from_store_id == to_store_id:
        raise SameStore
    wanted: dict[ProductId, int] = {}
    for product_id, quantity in lines:
        wanted[product_id] = wanted.get(product_id, 0) + quantity
    return Transfer(
        id=transfer_id,
        reference=reference,
        from_store_id=from_store_id,
        to_store_id=to_store_id,
        status=TransferStatus.DRAFT,
        lines=[TransferLine(product_id, wanted[product_id]) for product_id in sorted(wanted)],
    )


def ship(book: LevelBook, transfer: Transfer, document: Document, *, is_strict: bool) -> Transfer:
    """Take all goods from the sender or none, and return the transfer as it is then.

    Raises `WrongStatus`, `GoodsMissing` for a strict sender, or `LevelOutOfBounds`.
    """
    transfer.require(TransferStatus.DRAFT)
    missing = [
        Shortage(line.product_id, line.quantity, book.available(key))
        for key, line in zip(transfer.sent_keys, transfer.lines, strict=True)
        if is_strict and book.available(key) < line.quantity
    ]
    if missing:
        raise GoodsMissing(missing)
    for key, line in zip(transfer.sent_keys, transfer.lines, strict=True):
        _move(book, key, -line.quantity, document)
    lines = [
        replace(line, shipped=line.quantity, unit_cost=book.level(key).average_cost)
        for key, line in zip(transfer.sent_keys, transfer.lines, strict=True)
    ]
    return replace(transfer, status=TransferStatus.SHIPPED, lines=lines)


@dataclass(frozen=True, slots=True)
class Counted:
    """What somebody counted when goods arrived; `lines` is None for everything that is expected.

    With a reason the transfer is closed: what else was on its way is a difference.
    """

    lines: Sequence[tuple[ProductId, int]] | None
    reason: str | None = None

    def sums(self) -> dict[ProductId, int] | None:
        if self.lines is None:
            return None
        arrived: dict[ProductId, int] = {}
        for product_id, quantity in self.lines:
            arrived[product_id] = arrived.get(product_id, 0) + quantity
        return arrived


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a reception changes of one line."""

    product_id: ProductId
    received: int
    difference: int


@dataclass(frozen=True, slots=True)
class Reception:
    """Goods of a transfer that arrived, and the transfer after them."""

    document: Document
    transfer: Transfer
    arrivals: Sequence[Arrival]


def receive(book: LevelBook, transfer: Transfer, counted: Counted, document: Document) -> Reception:
    """Add what arrived to the receiver's levels, and close the transfer when nothing is left.

    With a difference the ledger has two movements: everything that was on its way arrives, then the
    difference is corrected under its own kind, with its reason. What arrives costs what it cost the
    sender.

    Raises `WrongStatus`, `UnexpectedGoods`, `NothingReceived` or `LevelOutOfBounds`.
    """
    transfer.require(TransferStatus.SHIPPED)
    arrivals = _arrivals(transfer, counted)
    costs = {line.product_id: line.unit_cost for line in transfer.lines}
    for arrival in arrivals:
        key = LevelKey(transfer.to_store_id, arrival.product_id)
        if expected := arrival.received - arrival.difference:
            _move(book, key, expected, document, costs[arrival.product_id])
        if arrival.difference:
            _move(book, key, arrival.difference, replace(document, kind=Kind.TRANSFER_DIFFERENCE))
    changes = {arrival.product_id: arrival for arrival in arrivals}
    lines = [_after(line, changes.get(line.product_id)) for line in transfer.lines]
    is_closed = not any(line.in_transit for line in lines)
    received = replace(
        transfer,
        lines=lines,
        status=TransferStatus.RECEIVED if is_closed else TransferStatus.SHIPPED,
        difference_reason=counted.reason,
    )
    return Reception(document, received, arrivals)


def _arrivals(transfer: Transfer, counted: Counted) -> list[Arrival]:
    expected = {line.product_id: line.in_transit for line in transfer.lines}
    arrived = counted.sums()
    if arrived is None:
        return [Arrival(product_id, units, 0) for product_id, units in expected.items() if units]
    is_explained = counted.reason is not None
    unexpected = {
        place: expected.get(product_id)
        for place, (product_id, _) in enumerate(counted.lines or ())
        if product_id not in expected
        or (arrived[product_id] > expected[product_id] and not is_explained)
    }
    if unexpected:
        raise UnexpectedGoods(unexpected)
    if is_explained:
        found = [(id, arrived.get(id, 0), expected[id]) for id in expected]
        return [Arrival(id, units, units - due) for id, units, due in found if units or due]
    if not any(arrived.values()):
        raise NothingReceived
    return [Arrival(id, arrived[id], 0) for id in expected if arrived.get(id)]


def _after(line: TransferLine, arrival: Arrival | None) -> TransferLine:
    if arrival is None:
        return line
    return replace(
        line,
        received=line.received + arrival.received,
        difference=line.difference + arrival.difference,
    )


def _move(
    book: LevelBook, key: LevelKey, delta: int, document: Document, unit_cost: Decimal | None = None
) -> None:
    if book.exceeds_limit(key, delta):
        raise LevelOutOfBounds(f"product {key.product_id} would pass {LEVEL_LIMIT} units")
    book.move(key, delta, document, unit_cost)
