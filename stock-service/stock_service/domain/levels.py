"""Keeps levels, and the movements that change them one version at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID

from stock_service.domain.errors import LevelOutOfBounds

StoreId = NewType("StoreId", int)
ProductId = NewType("ProductId", int)

# What a person may enter: more than any real stock.
LEVEL_LIMIT = 10**12
# What a level can hold. A sale cannot be refused any more when it is applied: a till may sell a
# million units at once, and no number of such sales gets here.
MOST_UNITS = 9 * 10**18


class LevelKey(NamedTuple):
    """A product in a store. Its order is the order in which levels are locked."""

    store_id: StoreId
    product_id: ProductId


class Kind(StrEnum):
    """Why a level changes, as the table of movements says it."""

    SALE = "sale"
    CANCELLATION = "cancellation"
    RECEPTION = "reception"
    ADJUSTMENT = "adjustment"
    OPENING = "opening"
    COUNT = "count"
    RETURN = "return"
    LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which more is wanted than there is."""

    product_id: ProductId
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class Level:
    """What is on hand after `version` movements; a product that never moved is at 0."""

    on_hand: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Document:
    """The cause of movements, such as a sale, its cancellation, a reception or a count."""

    document_id: UUID
    kind: Kind
    occurred_at: datetime
    reason: str | None = None
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of one level, and the level after it."""

    key: LevelKey
    delta: int
    level: Level
    document: Document


class LevelBook:
    """The levels that a transaction has locked, and the movements that it decided, in order."""

    def __init__(self, levels: Mapping[LevelKey, Level]) -> None:
        self._levels = dict(levels)
        self.movements: list[Movement] = []

    def on_hand(self, key: LevelKey) -> int:
        return self._levels[key].on_hand

    def exceeds_limit(self, key: LevelKey, delta: int) -> bool:
        """Return whether an entry would move a level beyond the bounds for entries."""
        before, after = self.on_hand(key), self.on_hand(key) + delta
        return abs(after) > LEVEL_LIMIT and abs(after) > abs(before)

    def move(self, key: LevelKey, delta: int, document: Document) -> Movement:
        """Change a level; raise `KeyError` for one that is not locked."""
        if abs(self.on_hand(key) + delta) > MOST_UNITS:
            raise LevelOutOfBounds(
                f"product {key.product_id} of store {key.store_id} would pass {MOST_UNITS} units"
            )
        before = self._levels[key]
        after = Level(before.on_hand + delta, before.version + 1)
        self._levels[key] = after
        movement = Movement(key, delta, after, document)
        self.movements.append(movement)
        return movement

    def changed_levels(self) -> dict[LevelKey, Level]:
        """Return the final state of each level that moved, in the order of the locks."""
        return {key: self._levels[key] for key in sorted({each.key for each in self.movements})}
