"""A range of dates splits into month rows and few day rows, which cover exactly the range."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from report_service.db.ranges import Span, Split, split_range

DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))


def days_of(span: Span) -> list[date]:
    return [span.first + timedelta(days=n) for n in range(span.days)]


def days_of_months(months: Span | None) -> list[date]:
    if months is None:
        return []
    after = (months.last + timedelta(days=31)).replace(day=1)
    return days_of(Span(months.first, after - timedelta(days=1)))


@given(DAYS, DAYS)
def test_the_parts_hold_every_day_of_the_range_once(one: date, other: date) -> None:
    start, end = sorted((one, other))

    split = split_range(start, end)

    counted = Counter(days_of_months(split.months))
    for span in split.added:
        counted.update(days_of(span))
    for span in split.removed:
        counted.subtract(days_of(span))
    assert {day: n for day, n in counted.items() if n} == dict.fromkeys(
        days_of(Span(start, end)), 1
    )


@given(DAYS, DAYS)
def test_an_edge_costs_at_most_half_a_month_of_days(one: date, other: date) -> None:
    split = split_range(min(one, other), max(one, other))

    assert sum(span.days for span in split.added + split.removed) <= 2 * 15 + 1


def test_whole_months_need_no_day() -> None:
    split = split_range(date(2026, 1, 1), date(2026, 3, 31))

    assert split == Split(months=Span(date(2026, 1, 1), date(2026, 3, 1)))


def test_a_single_day_is_that_day() -> None:
    day = date(2026, 2, 28)

    assert split_range(day, day) == Split(added=[Span(day, day)])


def test_open_ends_reach_as_far_as_dates_do() -> None:
    since, until = date(2026, 11, 20), date(2026, 11, 10)

    after = split_range(since, None)
    before = split_range(None, until)

    assert after.months == Span(date(2026, 12, 1), date(9999, 12, 1))
    assert after.added == [Span(since, date(2026, 11, 30))]
    assert before.months == Span(date.min, date(2026, 10, 1))
    assert before.added == [Span(date(2026, 11, 1), until)]


def test_a_reversed_range_is_empty() -> None:
    assert split_range(date(2026, 1, 2), date(2026, 1, 1)) == Split()
