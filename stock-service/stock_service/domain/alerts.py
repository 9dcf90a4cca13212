"""Decides which alerts of a level are open: what opens one, and what closes it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from stock_service.domain.levels import Level, LevelKey, Watch


class AlertKind(StrEnum):
    """What is wrong with a level. The position of a kind is its bit in `Watch.open_alerts`."""

    OUT_OF_STOCK = "out-of-stock"
    """Nothing is available."""
    LOW = "low"
    """No more than the threshold is available."""
    OVERSTOCK = "overstock"
    """More than the maximum is on hand."""
    NEGATIVE = "negative"
    """Less than nothing is on hand."""
    BELOW_RESERVED = "below-reserved"
    """Less is on hand than reservations hold."""


_BIT = {kind: 1 << position for position, kind in enumerate(AlertKind)}
_OUT_OF_STOCK, _LOW, _OVERSTOCK, _NEGATIVE, _BELOW_RESERVED = _BIT.values()
_PART = 10  # An alert about a limit closes a tenth of it away from it.


class Limits(NamedTuple):
    """The thresholds in force of a product in a store, in units; None: no such limit.

    `is_wanted` is False for a product or a store that is closed, `is_named` True if the store has
    thresholds of its own for the product.
    """

    low: int | None = None
    high: int | None = None
    target: int | None = None
    is_wanted: bool = True
    is_named: bool = False

    def watch(self, open_alerts: int) -> Watch:
        """Return what a level keeps of the limits.

        A level at its target closes what is open, however near the limit is.
        """
        low_clear, high_clear = self.low, self.high
        if low_clear is not None:
            clear = low_clear + max(1, -(-low_clear // _PART))
            if self.target is not None and self.target > low_clear:
                clear = min(clear, self.target - 1)
            low_clear = clear
        if high_clear is not None:
            clear = max(0, high_clear - max(1, -(-high_clear // _PART)))
            if self.target is not None:
                clear = max(clear, min(self.target, high_clear))
            high_clear = clear
        return Watch(self.is_wanted, open_alerts, self.low, low_clear, self.high, high_clear)


def names_of(alerts: int) -> list[str]:
    """Return the names of these bits, in alphabetical order."""
    return sorted(kind.value for kind, bit in _BIT.items() if alerts & bit)


def judge(level: Level, watch: Watch) -> int:
    """Return the bits of the alerts that are open at this level, after those of `watch`."""
    if not watch.is_watched:
        return 0
    alerts = 0
    available = level.on_hand - level.reserved
    if available <= 0:
        alerts = _OUT_OF_STOCK
        if level.on_hand < 0:
            alerts |= _NEGATIVE
        if available < 0 < level.reserved:
            alerts |= _BELOW_RESERVED
    low = watch.low_clear if watch.open_alerts & _LOW else watch.low
    if low is not None and available <= low:
        alerts |= _LOW
    high = watch.high_clear if watch.open_alerts & _OVERSTOCK else watch.high
    if high is not None and level.on_hand > high:
        alerts |= _OVERSTOCK
    return alerts


def find_crossings(levels: Mapping[LevelKey, Level]) -> dict[LevelKey, Level]:
    """Return the levels whose alerts change, or at which nobody has looked yet."""
    return {
        key: level
        for key, level in levels.items()
        if level.watch.is_watched is None or judge(level, level.watch) != level.watch.open_alerts
    }


@dataclass(frozen=True, slots=True)
class Turn:
    """An alert that a level opens or closes, and the limit that it is about."""

    key: LevelKey
    kind: AlertKind
    level: Level
    opens: bool
    limit: int | None


def turn_alerts(
    levels: Mapping[LevelKey, Level], limits: Mapping[LevelKey, Limits]
) -> tuple[dict[LevelKey, Watch], list[Turn]]:
    """Return what each level keeps from now on, and the alerts that open or close.

    The limits of a level that are given replace those that it kept.
    """
    watches: dict[LevelKey, Watch] = {}
    turns: list[Turn] = []
    for key, level in levels.items():
        before = level.watch
        told = limits.get(key)
        watch = before if told is None else told.watch(before.open_alerts)
        # A level that never moved says nothing, unless its store wants the product.
        is_level = level.version > 0 or told is None or told.is_named
        after = judge(level, watch) if is_level else 0
        watches[key] = watch._replace(open_alerts=after)
        turns += _turns(key, level, before.open_alerts, watches[key])
    return watches, turns


def _turns(key: LevelKey, level: Level, before: int, watch: Watch) -> Iterator[Turn]:
    limit_of = {AlertKind.LOW: watch.low, AlertKind.OVERSTOCK: watch.high}
    for kind, bit in _BIT.items():
        if (before ^ watch.open_alerts) & bit:
            yield Turn(key, kind, level, bool(watch.open_alerts & bit), limit_of.get(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as it is now; the highest version wins.

    `on_hand` and `reserved` are the units when it opened or, of a closed one, when it closed.
    """

    alert_id: UUID
    version: int
    key: LevelKey
    kind: AlertKind
    limit: int | None
    on_hand: int
    reserved: int
    opened_at: datetime
    closed_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def changed_at(self) -> datetime:
        """Return when it closed, was acknowledged or opened: the last of them."""
        return self.closed_at or self.acknowledged_at or self.opened_at
