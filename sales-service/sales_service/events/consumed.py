"""What this service reads of the stock's events; other fields are ignored."""

from uuid import UUID

import msgspec


class StockWithdrawn(msgspec.Struct, frozen=True):
    """All lines of a sale were taken."""

    sale_id: UUID


class Missing(msgspec.Struct, frozen=True):
    """A product of which there is too little."""

    product_id: int
    requested: int
    available: int


class StockRefused(msgspec.Struct, frozen=True):
    """A sale wants more than there is."""

    sale_id: UUID
    missing: list[Missing]


DECODERS: dict[str, type[msgspec.Struct]] = {
    "stock.stock-withdrawn.v1": StockWithdrawn,
    "stock.stock-refused.v1": StockRefused,
}
