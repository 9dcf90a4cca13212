"""Checks the movements of many stores that come in one request, and decides them together."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from stock_service.domain.costs import average_after
from stock_service.domain.entries import Entry
from stock_service.domain.errors import (
    Breach,
    EntryRule,
    InsufficientLot,
    LevelOutOfBounds,
)
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    Level,
    LevelKey,
    ProductId,
    Shortage,
    StoreId,
)


class LotLine(NamedTuple):
    """A line of a lot, and its row in the request."""

    row: int
    store_id: StoreId
    product_id: ProductId
    quantity: int
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """A document for each store, and one movement of each level, in the order of the locks."""

    documents: Mapping[StoreId, Document]
    entries: Mapping[LevelKey, Entry]


def sum_lines(lines: Iterable[LotLine]) -> dict[LevelKey, Entry]:
    """Return the sum of the lines of each level, in the order of the locks."""
    entries: dict[LevelKey, Entry] = {}
    for row, store_id, product_id, quantity, unit_cost in lines:
        key = LevelKey(store_id, product_id)
        entry = entries.get(key)
        if entry is None:
            entry = entries[key] = Entry(product_id)
        entry.add(row, quantity, unit_cost)
    return dict(sorted(entries.items()))


def find_breaches(
    kind: Kind, lines: Iterable[LotLine], entries: Mapping[LevelKey, Entry]
) -> Iterator[Breach]:
    """Yield each rule that a line breaks, or all lines of a level together."""
    if kind is Kind.RECEPTION:
        for line in lines:
            if line.quantity < 1:
                yield Breach(EntryRule.RECEPTION_ADDS, line.row)
    for entry in entries.values():
        yield from entry.find_breaches_of_cost(kind)
        if entry.delta == 0 and kind is not Kind.RECEPTION:
            for row in entry.lines:
                yield Breach(EntryRule.PRODUCT_MOVES, row)


def decide_lot(
    lot: Lot, levels: Mapping[LevelKey, Level], strict_stores: AbstractSet[StoreId]
) -> dict[LevelKey, Level]:
    """Return the level after each movement, in the order of the locks; all can be made or none.

    Raises `InsufficientLot` or `LevelOutOfBounds`, each with all rows that cause it. This runs
    while ten thousand levels are locked, so it makes one pass.
    """
    after: dict[LevelKey, Level] = {}
    missing: list[tuple[LevelKey, Level, Entry]] = []
    excessive: list[int] = []
    for key, entry in lot.entries.items():
        before = levels[key]
        on_hand = before.on_hand + entry.delta
        if on_hand < 0 and entry.delta < 0 and key.store_id in strict_stores:
            missing.append((key, before, entry))
        elif abs(on_hand) > LEVEL_LIMIT and abs(on_hand) > abs(before.on_hand):
            excessive += entry.lines
        average = average_after(before.average_cost, before.on_hand, entry.delta, entry.unit_cost)
        after[key] = Level(
            *(on_hand, before.version + 1, before.reserved, average),
            *(before.last_count, before.watch),
        )
    if missing:
        raise InsufficientLot(
            [
                (key.store_id, Shortage(key.product_id, -entry.delta, before.on_hand), entry.lines)
                for key, before, entry in missing
            ]
        )
    if excessive:
        message = f"{len(excessive)} rows pass {LEVEL_LIMIT} units"
        raise LevelOutOfBounds(message, sorted(excessive))
    return after
