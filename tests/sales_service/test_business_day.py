"""A sale belongs to its store's day."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, strategies

from sales_service.domain.business_day import is_day_open, place_in_business_day

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "timezone", "cutoff_hour", "day", "hour"),
    [
        (None, "America/Toronto", 0, date(2026, 11, 23), 21),
        (None, "Europe/London", 0, date(2026, 11, 24), 2),
        (None, "Europe/London", 4, date(2026, 11, 23), 2),
        (datetime(2026, 11, 24, 0, 0), "America/Toronto", 0, date(2026, 11, 24), 0),  # noqa: DTZ001
        (datetime(2026, 11, 24, 3, 59), "America/Toronto", 4, date(2026, 11, 23), 3),  # noqa: DTZ001
        # The hour that exists twice: both are the same day.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "America/Toronto", 0, date(2026, 11, 1), 1),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "America/Toronto", 0, date(2026, 11, 1), 1),
        # 04:00 after a spring night that lost an hour is still after a cut-off at four.
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), "America/Toronto", 4, date(2026, 3, 8), 4),
    ],
)
def test_the_stores_clock_and_cutoff_decide_the_business_date(
    given: datetime | None, timezone: str, cutoff_hour: int, day: date, hour: int
) -> None:
    placed = place_in_business_day(given, NOW, timezone, cutoff_hour)

    assert (placed.business_date, placed.local_hour) == (day, hour)
    assert placed.sold_at.tzinfo is not None


@pytest.mark.parametrize("cutoff_hour", [0, 4, 12])
def test_a_date_alone_is_the_business_day_itself(cutoff_hour: int) -> None:
    day = date(2026, 11, 20)

    placed = place_in_business_day(day, NOW, "America/Toronto", cutoff_hour)

    assert (placed.business_date, placed.local_hour) == (day, cutoff_hour)
    begin = placed.sold_at
    assert place_in_business_day(begin, NOW, "America/Toronto", cutoff_hour).business_date == day
    assert placed.latest - begin == timedelta(days=1)


def test_today_alone_means_now() -> None:
    now = place_in_business_day(None, NOW, "America/Toronto", 4)

    assert place_in_business_day(date(2026, 11, 23), NOW, "America/Toronto", 4) == now


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        # The clock skips this hour, and repeats that one.
        (datetime(2025, 3, 9, 2, 30), datetime(2025, 3, 9, 7, 30, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2025, 11, 2, 1, 30), datetime(2025, 11, 2, 5, 30, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_a_local_time_at_a_change_of_the_clock_has_one_instant(
    local: datetime, instant: datetime
) -> None:
    placed = place_in_business_day(local, NOW, "America/Toronto", 0)

    assert placed.sold_at.astimezone(UTC) == instant
    assert placed.business_date == local.date()


@pytest.mark.parametrize("cutoff_hour", [0, 2, 3, 4])
@pytest.mark.parametrize("hour", [1, 2, 3])
@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_local_time_is_placed_as_its_instant(day: date, hour: int, cutoff_hour: int) -> None:
    local = datetime.combine(day, time(hour, 30))

    placed = place_in_business_day(local, NOW, "America/Toronto", cutoff_hour)
    instant = placed.sold_at.astimezone(UTC)

    again = place_in_business_day(instant, NOW, "America/Toronto", cutoff_hour)
    assert (placed.business_date, placed.local_hour) == (again.business_date, again.local_hour)


INSTANTS = strategies.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001
PLACES = strategies.sampled_from(
    ["America/Toronto", "Europe/Paris", "Asia/Tokyo", "Pacific/Apia", "America/St_Johns", "UTC"]
)


@given(INSTANTS, PLACES, strategies.integers(0, 12))
def test_a_day_is_open_until_the_next_one_ends(
    moment: datetime, timezone: str, cutoff_hour: int
) -> None:
    now = moment.replace(tzinfo=UTC)
    day = place_in_business_day(None, now, timezone, cutoff_hour).business_date

    def is_open_after(hours: int) -> bool:
        return is_day_open(day, now + timedelta(hours=hours), timezone, cutoff_hour)

    # The next day ends a day after this one, and no later than two days from now. A change of the
    # clock makes a day an hour shorter or longer.
    assert is_open_after(0)
    assert is_open_after(23)
    assert not is_open_after(49)


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (datetime(2026, 11, 25, 8, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 25, 9, 0, tzinfo=UTC), False),
    ],
)
def test_a_day_closes_at_the_cutoff_hour_of_the_store(now: datetime, is_open: bool) -> None:
    # Four o'clock in Toronto is nine in UTC.
    assert is_day_open(date(2026, 11, 23), now, "America/Toronto", 4) is is_open


@given(INSTANTS, PLACES, strategies.integers(0, 12))
def test_after_a_closing_only_what_has_no_date_moves_to_the_next_day(
    moment: datetime, timezone: str, cutoff_hour: int
) -> None:
    now = moment.replace(tzinfo=UTC)
    today = place_in_business_day(None, now, timezone, cutoff_hour).business_date

    def place(given: datetime | date | None, closed_through: date | None) -> tuple[date, bool]:
        placed = place_in_business_day(given, now, timezone, cutoff_hour, closed_through)
        return placed.business_date, placed.is_late

    tomorrow = today + timedelta(days=1)
    yesterday = today - timedelta(days=1)
    for open_through in (None, yesterday):
        for dated in (None, today, now):
            assert place(dated, open_through) == (today, False)
    assert place(None, today) == place(tomorrow, today) == (tomorrow, False)
    assert place(today, today) == place(now, today) == (today, True)
    assert place(yesterday, yesterday) == (yesterday, True)


def test_the_day_after_a_closing_means_now() -> None:
    today, tomorrow = date(2026, 11, 23), date(2026, 11, 24)

    for given_date in (None, today, tomorrow):
        placed = place_in_business_day(given_date, NOW, "America/Toronto", 4, today)

        assert placed.sold_at == NOW
        assert placed.latest == NOW
