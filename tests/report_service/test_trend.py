"""A trend has every day of its period: a day without a sale is zero, and not left out."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from report_service.api.trend import fill_days
from report_service.db.report_rows import DaySales
from tests.report_service.builders import a_sale
from tests.report_service.conftest import Reports

TODAY = date(2026, 11, 24)
OLD = date(2021, 3, 1)


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        (None, None, date(2026, 10, 26), TODAY),
        (TODAY, None, TODAY, TODAY),
        (date(2026, 11, 20), date(2026, 11, 22), date(2026, 11, 20), date(2026, 11, 22)),
        (OLD, date(2021, 3, 10), OLD, date(2021, 3, 10)),
        (OLD, None, date(2026, 10, 26), TODAY),
        (None, date(2026, 11, 1), date(2026, 10, 3), date(2026, 11, 1)),
        # Nothing is known of days to come.
        (date(2026, 11, 23), date(2099, 12, 31), date(2026, 11, 23), TODAY),
    ],
)
def test_a_trend_has_the_newest_days_of_its_period(
    start: date | None, end: date | None, first: date, last: date
) -> None:
    filled = fill_days([], start, end, TODAY, longest=30)

    assert [day.business_date for day in filled] == days_between(first, last)


def test_a_period_may_end_with_the_first_days_of_the_calendar() -> None:
    filled = fill_days([], None, date(1, 1, 2), TODAY, longest=30)

    assert [day.business_date for day in filled] == [date(1, 1, 1), date(1, 1, 2)]


def test_a_period_that_has_not_begun_has_no_days() -> None:
    assert fill_days([], TODAY + timedelta(days=2), None, TODAY, longest=30) == []


def test_a_store_that_is_a_day_ahead_makes_the_trend_longer() -> None:
    tomorrow = TODAY + timedelta(days=1)

    filled = fill_days([DaySales(tomorrow, 5)], TODAY, None, TODAY, longest=30)

    assert filled == [DaySales(TODAY, 0), DaySales(tomorrow, 5)]


async def test_days_without_sales_are_zero(reports: Reports) -> None:
    sold = [OLD, OLD + timedelta(days=1), OLD + timedelta(days=8)]
    await reports.receive(*(a_sale(business_date=day) for day in sold))

    report = await reports.get(date_debut="2021-03-01", date_fin="2021-03-10")

    assert report["tendance_journaliere"] == [
        {"jour": day.isoformat(), "total": 12.5 if day in sold else 0.0}
        for day in days_between(OLD, date(2021, 3, 10))
    ]


async def test_without_a_period_the_trend_is_the_newest_30_days(reports: Reports) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo("America/Toronto")).date()
    sold = [today - timedelta(days=2 * n) for n in range(40)]
    await reports.receive(*(a_sale(business_date=day) for day in sold))

    trend = (await reports.get())["tendance_journaliere"]

    expected = days_between(today - timedelta(days=29), today)
    assert [each["jour"] for each in trend] == [day.isoformat() for day in expected]
    assert [each["total"] > 0 for each in trend] == [day in sold for day in expected]
