"""The days of a trend: each day of the calendar has its place, also one without a sale."""

from collections.abc import Sequence
from datetime import date, timedelta

from report_service.db.report_rows import DaySales

DAY = timedelta(days=1)


def fill_days(
    sold: Sequence[DaySales], start: date | None, end: date | None, today: date, longest: int
) -> list[DaySales]:
    """Return the newest `longest` days from `start` to `end`, with zero where nothing was sold.

    `sold` has the days with sales, oldest first. A day to come has a place only when there are
    sales on it or after it, as in a store that is ahead of `today`.
    """
    last = max(today, sold[-1].business_date) if sold else today
    if end is not None:
        last = min(last, end)
    first = last - min((longest - 1) * DAY, last - date.min)
    if start is not None:
        first = max(first, start)
    amounts = {day.business_date: day.amount_cents for day in sold}
    days = [first + n * DAY for n in range((last - first).days + 1)]
    return [DaySales(day, amounts.get(day, 0)) for day in days]
