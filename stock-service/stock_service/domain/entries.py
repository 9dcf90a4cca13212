"""Checks the receptions and adjustments that people enter, and applies them to levels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from stock_service.domain.costs import round_cost
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
    cost: Decimal | None = None
    """Of all units together; None if no line has a cost."""
    lines_with_cost: int = 0

    def add(self, place: int, quantity: int, unit_cost: Decimal | None = None) -> None:
        self.delta += quantity
        self.lines.append(place)
        if unit_cost is not None:
            self.cost = (self.cost or 0) + quantity * unit_cost
            self.lines_with_cost += 1

    @property
    def unit_cost(self) -> Decimal | None:
        """Return the average of the lines' costs, with four decimals."""
        return None if self.cost is None else round_cost(self.cost / self.delta)

    def find_breaches_of_cost(self, kind: Kind) -> list[Breach]:
        """Return the rules about costs that its lines break."""
        if not self.lines_with_cost:
            return []
        if kind is not Kind.RECEPTION:
            return [Breach(EntryRule.RECEPTION_COSTS, place) for place in self.lines]
        if self.lines_with_cost < len(self.lines):
            return [Breach(EntryRule.COST_OF_ALL_LINES, place) for place in self.lines]
        return []


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
    store_id: StoreId,
    document: Document,
    lines: Iterable[tuple[ProductId, int]],
    unit_costs: Sequence[Decimal | None] = (),
) -> StockEntry:
    """Sum the lines per product; raise `InvalidEntry` with every breach.

    `unit_costs` are those of the lines, by place, if any line has one.
    """
    entries: dict[ProductId, Entry] = {}
    breaches: list[Breach] = []
    if document.kind is Kind.ADJUSTMENT and document.reason is None:
        breaches.append(Breach(EntryRule.ADJUSTMENT_HAS_REASON))
    for place, (product_id, quantity) in enumerate(lines):
        if document.kind is Kind.RECEPTION and quantity < 1:
            breaches.append(Breach(EntryRule.RECEPTION_ADDS, place))
        entry = entries.setdefault(product_id, Entry(product_id))
        entry.add(place, quantity, unit_costs[place] if unit_costs else None)
    for entry in entries.values():
        if entry.delta == 0:
            breaches += [Breach(EntryRule.PRODUCT_MOVES, place) for place in entry.lines]
        breaches += entry.find_breaches_of_cost(document.kind)
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
        book.move(key, each.delta, entry.document, each.unit_cost)
        for key, each in zip(entry.keys, entry.entries, strict=True)
    ]
