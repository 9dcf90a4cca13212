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
    """A strict store's sale needs more than there is; none of its lines was taken."""

    TYPE: ClassVar[str] = "stock.stock-refused.v1"

    sale_id: UUID
    store_id: int
    missing: Sequence[Shortage]
    decided_at: datetime


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
