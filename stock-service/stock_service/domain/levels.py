"""Keeps levels, the movements that change them, and what is reserved of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, NewType
from uuid import UUID, uuid5

from stock_service.domain.costs import average_after
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
    TRANSFER_OUT = "transfer-out"
    TRANSFER_IN = "transfer-in"
    TRANSFER_DIFFERENCE = "transfer-difference"
    COUNT_CORRECTION = "count-correction"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A product of which more is wanted than there is."""

    product_id: ProductId
    requested: int
    available: int


class LastCount(NamedTuple):
    """The last count of a level that was posted, and the instant of its line."""

    count_id: UUID
    at: datetime


class Watch(NamedTuple):
    """What a level keeps of its limits and of its open alerts, in units.

    `is_watched` is None until somebody has looked up the limits. An alert that is open stays so up
    to `low_clear`, and down to `high_clear`.
    """

    is_watched: bool | None = None
    open_alerts: int = 0
    low: int | None = None
    low_clear: int | None = None
    high: int | None = None
    high_clear: int | None = None


UNWATCHED = Watch()


@dataclass(frozen=True, slots=True)
class Level:
    """What is on hand after `version` movements; a product that never moved is at 0.

    `reserved` is the sum of the reservations that were not closed, expired ones included.
    """

    on_hand: int = 0
    version: int = 0
    reserved: int = 0
    average_cost: Decimal | None = None
    """Of a unit; None: no reception has told a cost."""
    last_count: LastCount | None = None
    watch: Watch = UNWATCHED


@dataclass(frozen=True, slots=True)
class Held:
    """What the reservations are, as seen under the locks, at an instant of the database's clock.

    `expired` are units of levels whose reservation has expired and was not closed. `open_ids` are
    those of the named reservations that were not closed.
    """

    at: datetime
    expired: Mapping[LevelKey, int] = field(default_factory=dict)
    open_ids: frozenset[UUID] = frozenset()


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
    unit_cost: Decimal | None = None
    """What each unit of a reception or an arrival cost; None if nobody has told it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A movement that takes back a late one: the count had seen its effect."""

    count_id: UUID
    late: Movement
    movement: Movement


class LevelBook:
    """The levels that a transaction has locked, and what it decided on them, in order.

    `held` is None if nothing is reserved of these levels and nobody has asked for the instant.
    """

    def __init__(self, levels: Mapping[LevelKey, Level], held: Held | None = None) -> None:
        self._levels = dict(levels)
        self._expired = {} if held is None else dict(held.expired)
        self._reserving: set[LevelKey] = set()
        self.held = held
        self.movements: list[Movement] = []
        self.corrections: list[Correction] = []
        self.fallen: list[LevelKey] = []
        """The levels that a movement took below what is reserved of them."""

    def on_hand(self, key: LevelKey) -> int:
        return self._levels[key].on_hand

    def level(self, key: LevelKey) -> Level:
        return self._levels[key]

    def available(self, key: LevelKey) -> int:
        """Return what is on hand and not reserved; negative if more is reserved than there is."""
        level = self._levels[key]
        return level.on_hand - level.reserved + self._expired.get(key, 0)

    def exceeds_limit(self, key: LevelKey, delta: int) -> bool:
        """Return whether an entry would move a level beyond the bounds for entries."""
        before, after = self.on_hand(key), self.on_hand(key) + delta
        return abs(after) > LEVEL_LIMIT and abs(after) > abs(before)

    def move(
        self, key: LevelKey, delta: int, document: Document, unit_cost: Decimal | None = None
    ) -> Movement:
        """Change a level, and its average cost when it is told what the units that come in cost.

        What had happened before the level was counted, and comes after the count's posting, is
        taken back at once: the count has seen it. Raises `KeyError` for a level that is not locked.
        """
        reserved, available = self._levels[key].reserved, self.available(key)
        last_count = self._levels[key].last_count
        movement = self._append(key, delta, document, unit_cost)
        if last_count is not None and document.occurred_at < last_count.at:
            self._correct(movement, last_count)
        if reserved and self.available(key) < 0 <= available:
            self.fallen.append(key)
        return movement

    def _append(
        self, key: LevelKey, delta: int, document: Document, unit_cost: Decimal | None = None
    ) -> Movement:
        before = self._levels[key]
        if abs(before.on_hand + delta) > MOST_UNITS:
            raise LevelOutOfBounds(
                f"product {key.product_id} of store {key.store_id} would pass {MOST_UNITS} units"
            )
        average = average_after(before.average_cost, before.on_hand, delta, unit_cost)
        after = Level(
            *(before.on_hand + delta, before.version + 1, before.reserved, average),
            *(before.last_count, before.watch),
        )
        self._levels[key] = after
        movement = Movement(key, delta, after, document, unit_cost)
        self.movements.append(movement)
        return movement

    def _correct(self, late: Movement, last_count: LastCount) -> None:
        document = late.document
        # The same whenever it is computed: a document is corrected once for each count.
        correction_id = uuid5(last_count.count_id, f"{document.kind}:{document.document_id}")
        correcting = Document(
            correction_id,
            Kind.COUNT_CORRECTION,
            document.occurred_at,
            reason=str(document.document_id),
            actor=document.actor,
        )
        movement = self._append(late.key, -late.delta, correcting)
        self.corrections.append(Correction(last_count.count_id, late, movement))

    def take_back_late(self, late: Movement) -> None:
        """Take back a movement that was made elsewhere, if the level was counted after it."""
        last_count = self._levels[late.key].last_count
        if last_count is not None and late.document.occurred_at < last_count.at:
            self._correct(late, last_count)

    def reserve(self, key: LevelKey, units: int) -> None:
        """Hold units of a level back."""
        self._change_reserved(key, units)

    def free(self, key: LevelKey, units: int, *, have_expired: bool) -> None:
        """Give units back that a reservation holds."""
        self._change_reserved(key, -units)
        if have_expired:
            self._expired[key] = self._expired.get(key, 0) - units

    def _change_reserved(self, key: LevelKey, delta: int) -> None:
        level = self._levels[key]
        self._levels[key] = replace(level, reserved=level.reserved + delta)
        self._reserving.add(key)

    def moved_levels(self) -> dict[LevelKey, Level]:
        """Return the final state of each level that moved, in the order of the locks."""
        return {key: self._levels[key] for key in sorted({each.key for each in self.movements})}

    def changed_levels(self) -> dict[LevelKey, Level]:
        """Return the final state of each level to write, in the order of the locks."""
        if not self._reserving:
            return self.moved_levels()
        changed = self._reserving | {each.key for each in self.movements}
        return {key: self._levels[key] for key in sorted(changed)}
