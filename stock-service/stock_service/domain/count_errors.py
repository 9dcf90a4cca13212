"""What can be wrong with a count, as facts; `api/count_problems.py` answers them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from stock_service.domain.errors import StockError

if TYPE_CHECKING:
    from stock_service.domain.counts import CountStatus


class UnknownCount(StockError):
    """No count has this identifier."""


class CountExists(StockError):
    """A count with this identifier has another content."""


class NothingToCount(StockError):
    """No known product is in the category that a count names."""


class CountClosed(StockError):
    """The count is posted or cancelled: it takes no quantities and no further step."""

    def __init__(self, status: CountStatus) -> None:
        super().__init__(f"the count is {status}")
        self.status = status


class InvalidCounting(StockError):
    """Quantities of products that are not counted, or of impossible instants, by their places.

    `ahead` are those after the clock, and `early` those before the count was opened.
    """

    def __init__(
        self, *, strangers: Collection[int], ahead: Collection[int], early: Collection[int]
    ) -> None:
        super().__init__(f"{len(strangers)} strangers, {len(ahead)} ahead, {len(early)} early")
        self.strangers = strangers
        self.ahead = ahead
        self.early = early
