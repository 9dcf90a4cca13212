"""Checks the receptions and adjustments that people enter, and applies them to levels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stock_service.domain.errors import (
    Breach,
    EntryRule,
    InsufficientStock,
    InvalidEntry,
    LevelOutOfBounds,
)
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    LevelBook,
    LevelKey,
    Movement,
    ProductId,
    Shortage,
    StoreId,
)


@dataclass(slots=True)
class Entry:
    """The change of one product: the sum of its lines, and their places in the document."""

    product_id: ProductId
    delta: int = 0
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StockEntry:
    """A reception or an adjustment in one store."""

    store_id: StoreId
    document: Document
    entries: Sequence[Entry]

    @property
    def keys(self) -> list[LevelKey]:
        return [LevelKey(self.store_id, entry.product_id) for entry in self.entries]


def enter_stock(
    store_id: StoreId, document: Document, lines: Iterable[tuple[ProductId, int]]
) -> StockEntry:
    """Sum the lines per product; raise `InvalidEntry` with every breach."""
    entries: dict[ProductId, Entry] = {}
    breaches: list[Breach] = []
    if document.kind is Kind.ADJUSTMENT and document.reason is None:
        breaches.append(Breach(EntryRule.ADJUSTMENT_HAS_REASON))
    for place, (product_id, quantity) in enumerate(lines):
        if document.kind is Kind.RECEPTION and quantity < 1:
            breaches.append(Breach(EntryRule.RECEPTION_ADDS, place))
        entry = entries.setdefault(product_id, Entry(product_id))
        entry.delta += quantity
        entry.lines.append(place)
    for entry in entries.values():
        if entry.delta == 0:
            breaches += [Breach(EntryRule.PRODUCT_MOVES, place) for place in entry.lines]
    if breaches:
        raise InvalidEntry(breaches)
    return StockEntry(store_id, document, list(entries.values()))


def apply_entry(book: LevelBook, entry: StockEntry, *, is_strict: bool) -> list[Movement]:
    """Move all levels of the entry or none, as the store's policy and the bounds allow.

    Raises `InsufficientStock` or `LevelOutOfBounds`.
    """

    def find(is_faulty: Callable[[LevelKey, int], bool]) -> list[tuple[Entry, int]]:
        return [
            (each, book.on_hand(key))
            for key, each in zip(entry.keys, entry.entries, strict=True)
            if is_faulty(key, each.delta)
        ]

    # A reception may leave a negative level negative: only a decrease can be refused.
    missing = find(lambda key, delta: is_strict and delta < 0 and book.on_hand(key) + delta < 0)
    if missing:
        raise InsufficientStock(
            {
                Shortage(each.product_id, -each.delta, on_hand): each.lines
                for each, on_hand in missing
            }
        )
    excessive = find(book.exceeds_limit)
    if excessive:
        lines = [line for each, _ in excessive for line in each.lines]
        raise LevelOutOfBounds(f"{len(excessive)} levels would pass {LEVEL_LIMIT} units", lines)
    return [
        book.move(key, each.delta, entry.document)
        for key, each in zip(entry.keys, entry.entries, strict=True)
    ]
