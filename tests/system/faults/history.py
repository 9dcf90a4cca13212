"""The tills' requests and their answers: what clients know of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from tests.system.faults.counting import StoreCount
    from tests.system.faults.moving import AskedGoods, SentGoods


class Outcome(StrEnum):
    """How an operation ended, as far as its client knows."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no final answer: it may have taken effect, at most once


@dataclass(slots=True)
class Operation:
    """One intention of a client under one idempotency key, with all its retries."""

    key: str
    store_id: int
    quantities: Mapping[int, int]  # product id -> units
    discount_cents: int = 0
    outcome: Outcome = Outcome.UNKNOWN
    refusal: str | None = None
    attempts: int = 0
    rates: int = 0  # the number of the newest rate that was answered before it began
    answers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Asked:
    """A return that a till asks for: units by line of a receipt. With goods it is an exchange."""

    operation: Operation
    units: Mapping[int, int]
    body: dict[str, Any]
    is_doubled: bool = False
    goods: Mapping[int, int] = field(default_factory=dict)  # product id -> units

    @property
    def is_paid_back(self) -> bool:
        """Return whether the till of an answered exchange says how it pays a difference back."""
        return "paiements" in self.body and self.operation.answers[0]["difference"] < 0


class Plan(StrEnum):
    """What a till does with a reservation."""

    SELL = "sell"
    RELEASE = "release"
    EXPIRE = "expire"
    FORGET = "forget"  # it is open when the run ends


@dataclass(slots=True)
class Reserved:
    """A reservation that a till asks for, and the sale that names it, if one does."""

    operation: Operation
    plan: Plan
    sale: Operation | None = None
    is_released: bool = False

    @property
    def id(self) -> UUID:
        return UUID(self.operation.answers[0]["reservation_id"])


@dataclass(slots=True)
class Offline:
    """A sale that a till has made offline, and what of it needs a right that no till has."""

    operation: Operation
    body: dict[str, Any]
    is_price_forced: bool
    is_backdated: bool

    @property
    def id(self) -> UUID:
        return UUID(self.body["vente_id"])


@dataclass(slots=True)
class PostedLot:
    """Movements of several stores that somebody posts in one request."""

    operation: Operation
    units: Mapping[tuple[int, int], int]  # (store, product) -> units, negative if they leave


@dataclass(slots=True)
class OfDay:
    """A closing of a day, or a sale that is dated back to it, and when it was asked and answered.

    Without `answered_at` it runs.
    """

    operation: Operation
    day: date
    asked_at: float
    answered_at: float | None = None


@dataclass(slots=True)
class MovedCash(OfDay):
    """Cash of a day that a manager puts into a register or takes out of it, as it is asked."""

    body: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class History:
    """Everything that the clients of one run did."""

    stores: dict[int, str] = field(default_factory=dict)  # id -> stock policy
    sales: list[Operation] = field(default_factory=list)
    movements: list[Operation] = field(default_factory=list)
    voids: dict[UUID, list[Operation]] = field(default_factory=dict)  # sale -> requests to void it
    returns: dict[str, list[Asked]] = field(default_factory=dict)  # by the key of the sale
    offline: list[Offline] = field(default_factory=list)
    reservations: list[Reserved] = field(default_factory=list)
    dated: list[OfDay] = field(default_factory=list)
    closings: list[OfDay] = field(default_factory=list)
    cash: list[MovedCash] = field(default_factory=list)
    # sale -> requests to void it or, when its day is closed, to take it back
    undone: dict[UUID, list[Operation]] = field(default_factory=dict)
    keys: dict[str, bool] = field(default_factory=dict)  # client -> whether it was revoked
    # (store, product) -> opening units and counts, in their order
    declared: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    centre_id: int = 0  # where the stores' goods come from
    requests: "list[AskedGoods]" = field(default_factory=list)
    transfers: "list[SentGoods]" = field(default_factory=list)
    lots: list[PostedLot] = field(default_factory=list)
    counts: "list[StoreCount]" = field(default_factory=list)
    # (store, product) -> the units that lie in the shelf when the run ends
    shelves: dict[tuple[int, int], int] = field(default_factory=dict)
    taxed_stores: set[int] = field(default_factory=set)
    rates: int = 0  # how many rates of taxes were answered
    surprises: list[str] = field(default_factory=list)
    """Answers that no client may get under any fault, such as 500."""

    def summary(self) -> dict[str, int]:
        """Return the number of operations by outcome."""
        counts = {f"sales {outcome.value}": 0 for outcome in Outcome}
        for sale in self.sales:
            counts[f"sales {sale.outcome.value}"] += 1
        voids = [void for each in self.voids.values() for void in each]
        asked = [each for of_sale in self.returns.values() for each in of_sale]
        returns = [each.operation for each in asked]
        exchanges = [each for each in asked if each.goods and each.operation.answers]
        sendings = [sending for each in self.requests for sending in each.sendings]
        operations = (*self.sales, *self.movements, *voids, *returns)
        attempts = sum(each.attempts for each in operations)
        return counts | {
            "movements": len(self.movements),
            "voids done": sum(void.outcome is Outcome.DONE for void in voids),
            "returns done": sum(each.outcome is Outcome.DONE for each in returns),
            "returns refused": sum(each.outcome is Outcome.REFUSED for each in returns),
            "exchanges done": len(exchanges),
            "exchanges paid back": sum(each.is_paid_back for each in exchanges),
            "sold offline": len(self.offline),
            "reservations done": sum(
                each.operation.outcome is Outcome.DONE for each in self.reservations
            ),
            "days closed": sum(each.operation.outcome is Outcome.DONE for each in self.closings),
            "cash moved": sum(each.operation.outcome is Outcome.DONE for each in self.cash),
            "cash refused": sum(each.operation.outcome is Outcome.REFUSED for each in self.cash),
            "requests fulfilled": sum(each.outcome is Outcome.DONE for each in sendings),
            "transfers shipped": sum(bool(each.arrivals) for each in self.transfers),
            "lots posted": sum(each.operation.outcome is Outcome.DONE for each in self.lots),
            "lots refused": sum(each.operation.outcome is Outcome.REFUSED for each in self.lots),
            "counts posted": sum(each.is_posted for each in self.counts),
            "keys": len(self.keys),
            "requests repeated": attempts - len(operations),
        }
