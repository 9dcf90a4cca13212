"""Counts goods while the store sells, and says by how much the books were wrong.

Each line has its own instant. Its difference is what was counted less what the books expected then:
all that had happened by that instant, whenever it was told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from stock_service.domain.costs import cents_of
from stock_service.domain.count_errors import CountClosed, InvalidCounting
from stock_service.domain.errors import LevelOutOfBounds
from stock_service.domain.levels import (
    LEVEL_LIMIT,
    Document,
    Kind,
    LevelBook,
    LevelKey,
    ProductId,
    StoreId,
)


class CountStatus(StrEnum):
    """Where a count stands, as its table says it; the last two are final."""

    OPEN = "open"
    POSTED = "posted"
    CANCELLED = "cancelled"


class CountScope(StrEnum):
    """What a count is about, as its table says it."""

    STORE = "store"
    CATEGORY = "category"
    PRODUCTS = "products"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A count of a store, without its lines. The sums are known once it is posted.

    `value_cents` is the difference at average cost; products without a cost count 0.
    """

    id: UUID
    store_id: StoreId
    category: str | None = None
    product_ids: Sequence[ProductId] | None = None
    reason: str | None = None
    scope: CountScope = field(init=False)
    status: CountStatus = CountStatus.OPEN
    number: int = 0
    opened_at: datetime | None = None
    opened_by: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    missing_units: int | None = None
    surplus_units: int | None = None
    value_cents: int | None = None
    line_count: int = 0
    counted_count: int = 0

    def __post_init__(self) -> None:
        scope = CountScope.STORE
        if self.category is not None:
            scope = CountScope.CATEGORY
        elif self.product_ids is not None:
            scope = CountScope.PRODUCTS
        object.__setattr__(self, "scope", scope)

    def require_open(self) -> None:
        """Raise `CountClosed` unless the count is open."""
        if self.status is not CountStatus.OPEN:
            raise CountClosed(self.status)

    def is_repetition_of(self, wanted: "Count") -> bool:
        """Return whether it was opened by a request with the same content."""
        return (self.store_id, self.category, self.product_ids, self.reason) == (
            *(wanted.store_id, wanted.category, wanted.product_ids, wanted.reason),
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """What somebody counted of a product; without an instant, now."""

    product_id: ProductId
    quantity: int
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """When a count was opened, and the instant now, both by the database's clock."""

    opened_at: datetime
    now: datetime


def last_of_each(
    lines: Sequence[Counted], clock: Clock, strangers: Iterable[ProductId]
) -> list[Counted]:
    """Return the last quantity of each product by its instant, in the order of the products.

    Of two with one instant the later line wins. Raises `InvalidCounting` with every wrong line.
    """
    unknown = frozenset(strangers)
    wrong = InvalidCounting(
        strangers=[n for n, line in enumerate(lines) if line.product_id in unknown],
        ahead=[n for n, line in enumerate(lines) if (line.counted_at or clock.now) > clock.now],
        early=[
            n for n, line in enumerate(lines) if (line.counted_at or clock.now) < clock.opened_at
        ],
    )
    if wrong.strangers or wrong.ahead or wrong.early:
        raise wrong
    last: dict[ProductId, Counted] = {}
    for line in lines:
        dated = Counted(line.product_id, line.quantity, line.counted_at or clock.now)
        former = last.get(line.product_id)
        if former is None or _instant(former) <= _instant(dated):
            last[line.product_id] = dated
    return [last[product_id] for product_id in sorted(last)]


def _instant(line: Counted) -> datetime:
    assert line.counted_at is not None
    return line.counted_at


@dataclass(frozen=True, slots=True)
class CountedLine:
    """A counted product, and what the books expected at that instant."""

    product_id: ProductId
    quantity: int
    counted_at: datetime
    expected: int


@dataclass(frozen=True, slots=True)
class PostedLine:
    """What the posting of a line found; `level_version` is that of the level before it."""

    line: CountedLine
    level_version: int
    average_cost: Decimal | None

    @property
    def difference(self) -> int:
        return self.line.quantity - self.line.expected


@dataclass(frozen=True, slots=True)
class Posting:
    """The lines of a count that were posted; a later count supersedes others, which move nothing.

    `value_cents` is rounded once, for all lines together.
    """

    lines: Sequence[PostedLine]

    @property
    def missing_units(self) -> int:
        return -sum(each.difference for each in self.lines if each.difference < 0)

    @property
    def surplus_units(self) -> int:
        return sum(each.difference for each in self.lines if each.difference > 0)

    @property
    def value_cents(self) -> int:
        values = (
            each.difference * each.average_cost
            for each in self.lines
            if each.average_cost is not None
        )
        return cents_of(sum(values, Decimal(0)))


def post(book: LevelBook, count: Count, lines: Iterable[CountedLine], actor: str | None) -> Posting:
    """Move each level by its difference; raise `CountClosed` or `LevelOutOfBounds`.

    A line is superseded by a count of the same level that is as late or later and is posted: that
    one has said what the books were wrong by.
    """
    count.require_open()
    posted: list[PostedLine] = []
    for line in lines:
        key = LevelKey(count.store_id, line.product_id)
        level = book.level(key)
        if level.last_count is not None and level.last_count.at >= line.counted_at:
            continue
        each = PostedLine(line, level.version, level.average_cost)
        posted.append(each)
        if each.difference == 0:
            continue
        if book.exceeds_limit(key, each.difference):
            raise LevelOutOfBounds(f"product {key.product_id} would pass {LEVEL_LIMIT} units")
        document = Document(count.id, Kind.COUNT, line.counted_at, count.reason, actor)
        book.move(key, each.difference, document)
    return Posting(posted)
