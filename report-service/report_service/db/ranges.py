"""Splits a range of dates into month rows, and day rows at its edges."""

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Dates from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of a range: its months, by their first days, plus added and minus removed days."""

    months: Span | None = None
    added: list[Span] = field(default_factory=list)
    removed: list[Span] = field(default_factory=list)


def split_range(start: date | None, end: date | None) -> Split:
    """Return the parts of the range from `start` to `end`, both included. None means no bound.

    A month of which the range holds more than half is taken whole, and its other days are removed.
    So an edge costs at most half a month of day rows.
    """
    first, last = start or date.min, end or date.max
    if first > last:
        return Split()
    months = range(_number(first), _number(last) + 1)
    added, removed = [], []
    for number in sorted({months[0], months[-1]}):
        month = _month(number)
        inside = Span(max(first, month.first), min(last, month.last))
        outside = _around(inside, month)
        if inside.days > sum(span.days for span in outside):
            removed += outside
        else:
            added.append(inside)
            months = months[1:] if number == months[0] else months[:-1]
    whole = Span(_month(months[0]).first, _month(months[-1]).first) if months else None
    return Split(whole, added, removed)


def month_bounds(day: date) -> tuple[date, date]:
    """Return the first day of a date's month and of the month after it."""
    return day.replace(day=1), date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _month(number: int) -> Span:
    year, month = divmod(number, 12)
    return Span(date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1]))


def _around(inside: Span, month: Span) -> list[Span]:
    """Return the days of the month that are not inside."""
    before = [Span(month.first, inside.first - _DAY)] if inside.first > month.first else []
    after = [Span(inside.last + _DAY, month.last)] if inside.last < month.last else []
    return before + after
