"""Takes returned goods into the stock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stock_service.domain.levels import Document, Kind, LevelBook, LevelKey, ProductId, StoreId


@dataclass(frozen=True, slots=True)
class Return:
    """Goods that a customer brought back, summed per product, and those that are unfit to sell."""

    return_id: UUID
    store_id: StoreId
    returned_at: datetime
    quantities: Mapping[ProductId, int]
    unfit: Mapping[ProductId, int]
    reason: str | None = None
    actor: str | None = None


def take_goods_back(book: LevelBook, returned: Return) -> None:
    """Add all that came back, then write off what is unfit to sell; raise `LevelOutOfBounds`."""
    for kind, quantities, sign in (
        (Kind.RETURN, returned.quantities, 1),
        (Kind.LOSS, returned.unfit, -1),
    ):
        document = Document(
            returned.return_id, kind, returned.returned_at, returned.reason, returned.actor
        )
        for product_id, quantity in quantities.items():
            book.move(LevelKey(returned.store_id, product_id), sign * quantity, document)
