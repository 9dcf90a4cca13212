"""The stock's events, with the fields that this service reads; it ignores others."""

from uuid import UUID

import msgspec


class StockWithdrawn(msgspec.Struct, frozen=True):
    """The stock had all lines of a sale, and took them."""

    sale_id: UUID


class Missing(msgspec.Struct, frozen=True):
    """A product that is short."""

    product_id: int
    requested: int
    available: int


class StockRefused(msgspec.Struct, frozen=True):
    """The stock had too little for a sale, or could not use its reservation; it took nothing."""

    sale_id: UUID
    missing: list[Missing]
    reservation_fault: str | None = None


DECODERS: dict[str, type[msgspec.Struct]] = {
    "stock.stock-withdrawn.v1": StockWithdrawn,
    "stock.stock-refused.v1": StockRefused,
}
IGNORED = frozenset(
    {
        *("stock.stock-levels-changed.v1", "stock.movement-posted.v1"),
        *("stock.reservation-changed.v1", "stock.alert-changed.v1"),
        *("stock.transfer-shipped.v1", "stock.transfer-received.v1"),
    }
)
