"""Which days a report of days has: both of its ends are bounded, and so is its length."""

from datetime import date, timedelta

from report_service.api.problems import PeriodTooLong
from report_service.api.schemas import StoreReportIn
from report_service.api.trend import DAY

DEFAULT_SPAN = timedelta(days=29)  # from the first to the last of 30 days
MOST_DAYS_OF_CHAIN = 31
MOST_DAYS_OF_STORE = 366


def period_of_days(query: StoreReportIn, today: date) -> tuple[date, date]:
    """Return the first and the last day. Raise `PeriodTooLong` when there are too many."""
    start, end = _ends(query, today)
    longest = MOST_DAYS_OF_CHAIN if query.store_id is None else MOST_DAYS_OF_STORE
    days = (end - start).days + 1
    if days > longest:
        raise PeriodTooLong(days, longest)
    return start, end


def _ends(query: StoreReportIn, today: date) -> tuple[date, date]:
    start, end = query.start, query.end
    if start is not None and end is not None:
        return start, end
    if start is not None:
        return start, start + min(DEFAULT_SPAN, date.max - start)
    if end is not None:
        return end - min(DEFAULT_SPAN, end - date.min), end
    # In a store east of the chain it may be tomorrow already.
    return today - DEFAULT_SPAN, today + DAY
