"""Finds the business date of a sale, the store's day and not UTC's, and how long it is open."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# The prices and rates of a coming day are not of today: no till may choose them by its date.
CLOCKS_DIFFER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class SaleTime:
    """The instant of a sale, with its date and hour in the store.

    `latest` is when it happened at the latest: the end of the day if only the day is known. It is
    late when its day was closed before.
    """

    sold_at: datetime
    business_date: date
    local_hour: int
    latest: datetime
    is_late: bool = False


def place_in_business_day(
    given: datetime | date | None,
    now: datetime,
    timezone: str,
    cutoff_hour: int,
    closed_through: date | None = None,
) -> SaleTime:
    """Return the business day of a sale; `given` is local time if it has no offset.

    A sale before the cut-off hour belongs to the day before. A date alone is the business day
    itself: it begins at the cut-off hour, and today means now. Without a date, a sale after the
    closing belongs to the day after `closed_through`; with one it keeps its day, and is late.
    """
    zone = ZoneInfo(timezone)
    if isinstance(given, datetime):
        time = _place_instant(given, zone, cutoff_hour)
    else:
        time = _place_instant(now.astimezone(zone), zone, cutoff_hour)
        current = _first_open_day(time.business_date, closed_through)
        if given is None or given == current:
            return replace(time, business_date=current)
        if given != time.business_date:
            time = _whole_day(given, zone, cutoff_hour)
    is_late = closed_through is not None and time.business_date <= closed_through
    return replace(time, is_late=is_late)


def is_ahead(
    time: SaleTime,
    now: datetime,
    timezone: str,
    cutoff_hour: int,
    closed_through: date | None = None,
) -> bool:
    """Return whether a time is of a coming business day, or further ahead than clocks differ.

    The day of now is the store's first open one: after an early closing, the next one.
    """
    if time.sold_at <= now:  # as almost all are
        return False
    if time.sold_at > now + CLOCKS_DIFFER:
        return True
    return time.business_date > selling_day(now, timezone, cutoff_hour, closed_through)


def _place_instant(sold_at: datetime, zone: ZoneInfo, cutoff_hour: int) -> SaleTime:
    if sold_at.tzinfo is None:
        # By way of UTC: an hour that the clock skips is the same minute of the hour after it.
        sold_at = sold_at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    # Subtract from the wall clock, so that the cut-off keeps its hour when the clocks change.
    wall = sold_at.astimezone(zone).replace(tzinfo=None)
    return SaleTime(sold_at, (wall - timedelta(hours=cutoff_hour)).date(), wall.hour, sold_at)


def _first_open_day(today: date, closed_through: date | None) -> date:
    return today if closed_through is None else max(today, closed_through + timedelta(days=1))


def _whole_day(day: date, zone: ZoneInfo, cutoff_hour: int) -> SaleTime:
    begin, end = (
        datetime.combine(each, time(cutoff_hour), zone) for each in (day, day + timedelta(days=1))
    )
    return SaleTime(begin, day, cutoff_hour, latest=end)


def is_day_open(business_date: date, now: datetime, timezone: str, cutoff_hour: int) -> bool:
    """Return whether a day that nobody has closed is open: until the end of the day after it."""
    today = place_in_business_day(None, now, timezone, cutoff_hour).business_date
    return today <= business_date + timedelta(days=1)


def selling_day(
    now: datetime, timezone: str, cutoff_hour: int, closed_through: date | None
) -> date:
    """Return the business date of a sale of now, which has no date of its own."""
    return place_in_business_day(None, now, timezone, cutoff_hour, closed_through).business_date


def today_in(now: datetime, timezone: str, cutoff_hour: int) -> date:
    """Return the business date of now."""
    return place_in_business_day(None, now, timezone, cutoff_hour).business_date
