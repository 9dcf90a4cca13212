"""The business date of a sale: the store's day, not UTC's."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class SaleTime:
    """When a sale happened, in the three ways that matter later."""

    sold_at: datetime
    business_date: date
    local_hour: int


def place_in_business_day(
    given: datetime | None, now: datetime, timezone: str, cutoff_hour: int
) -> SaleTime:
    """Where a sale belongs; a time without offset is the store's wall clock.

    A sale before the cut-off hour belongs to the evening before it.
    """
    zone = ZoneInfo(timezone)
    sold_at = now.astimezone(zone) if given is None else given
    if sold_at.tzinfo is None:
        sold_at = sold_at.replace(tzinfo=zone)
    # Wall-clock arithmetic: at a clock change the cut-off stays at its hour.
    wall = sold_at.astimezone(zone).replace(tzinfo=None)
    return SaleTime(sold_at, (wall - timedelta(hours=cutoff_hour)).date(), wall.hour)
