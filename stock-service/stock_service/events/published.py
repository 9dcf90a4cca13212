"""Holds the events that this service publishes; `infra/contracts/events/` has their contracts."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from stock_service.domain.levels import Shortage


class StockWithdrawn(msgspec.Struct, frozen=True):
    """All lines of a strict store's sale were taken."""

    TYPE: ClassVar[str] = "stock.stock-withdrawn.v1"

    sale_id: UUID
    store_id: int
    decided_at: datetime


class StockRefused(msgspec.Struct, frozen=True):
    """A strict store's sale needs more than is available, or names a reservation in vain.

    None of its lines was taken. `reservation_fault` says what is wrong with the reservation.
    """

    TYPE: ClassVar[str] = "stock.stock-refused.v1"

    sale_id: UUID
    store_id: int
    missing: Sequence[Shortage]
    decided_at: datetime
    reservation_fault: str | None = None


class ProductLevel(msgspec.Struct, frozen=True):
    """The level of one product as it is now."""

    product_id: int
    on_hand: int
    version: int


class StockLevelsChanged(msgspec.Struct, frozen=True):
    """Levels after a change. They are state: per product, the highest version wins."""

    TYPE: ClassVar[str] = "stock.stock-levels-changed.v1"

    store_id: int
    levels: list[ProductLevel]
    changed_at: datetime


class MovementPosted(msgspec.Struct, frozen=True):
    """Somebody posted a reception or an adjustment."""

    TYPE: ClassVar[str] = "stock.movement-posted.v1"

    document_id: UUID
    store_id: int
    kind: str
    line_count: int
    occurred_at: datetime
    posted_at: datetime
    cost_cents: int | None = None


class ReservationLine(msgspec.Struct, frozen=True):
    """The units of a product that a reservation holds."""

    product_id: int
    quantity: int


class ReservationChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A reservation as it is now: the highest version wins."""

    TYPE: ClassVar[str] = "stock.reservation-changed.v1"

    reservation_id: UUID
    version: int
    store_id: int
    status: str
    lines: list[ReservationLine]
    expires_at: datetime
    reference: str | None
    sale_id: UUID | None
    changed_at: datetime


class ShippedLine(msgspec.Struct, frozen=True):
    """Units of a product that left."""

    product_id: int
    quantity: int


class TransferShipped(msgspec.Struct, frozen=True):
    """Goods left a store for another one. `store_id` is the sender."""

    TYPE: ClassVar[str] = "stock.transfer-shipped.v1"

    transfer_id: UUID
    store_id: int
    to_store_id: int
    lines: Sequence[ShippedLine]
    shipped_at: datetime


class ReceivedLine(msgspec.Struct, frozen=True):
    """Units of a product that arrived, less those that were expected (`difference`)."""

    product_id: int
    quantity: int
    difference: int


class TransferReceived(msgspec.Struct, frozen=True):
    """Goods of a transfer arrived, all or some. `store_id` is the receiver."""

    TYPE: ClassVar[str] = "stock.transfer-received.v1"

    transfer_id: UUID
    reception_id: UUID
    store_id: int
    from_store_id: int
    lines: Sequence[ReceivedLine]
    is_closed: bool
    difference_reason: str | None
    received_at: datetime


class AlertChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An alert about a level, opened, acknowledged or closed: the highest version wins."""

    TYPE: ClassVar[str] = "stock.alert-changed.v1"

    alert_id: UUID
    version: int
    store_id: int
    product_id: int
    kind: str
    is_open: bool
    limit: int | None
    on_hand: int
    reserved: int
    opened_at: datetime
    closed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    changed_at: datetime
