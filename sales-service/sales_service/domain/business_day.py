"""Finds the business date of a sale, the store's day and not UTC's, and how long it is open."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class SaleTime:
    """The instant of a sale, with its date and hour in the store."""

    sold_at: datetime
    business_date: date
    local_hour: int


def place_in_business_day(
    given: datetime | None, now: datetime, timezone: str, cutoff_hour: int
) -> SaleTime:
    """Return the business day of a sale; `given` is local time if it has no offset.

    A sale before the cut-off hour belongs to the day before.
    """
    zone = ZoneInfo(timezone)
    sold_at = now.astimezone(zone) if given is None else given
    if sold_at.tzinfo is None:
        sold_at = sold_at.replace(tzinfo=zone)
    # Subtract from the wall clock, so that the cut-off keeps its hour when the clocks change.
    wall = sold_at.astimezone(zone).replace(tzinfo=None)
    return SaleTime(sold_at, (wall - timedelta(hours=cutoff_hour)).date(), wall.hour)


def is_day_open(business_date: date, now: datetime, timezone: str, cutoff_hour: int) -> bool:
    """Return whether a day's sales may still be voided: until the end of the day after it."""
    today = place_in_business_day(None, now, timezone, cutoff_hour).business_date
    return today <= business_date + timedelta(days=1)
