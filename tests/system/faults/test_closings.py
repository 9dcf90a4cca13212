"""The verdict names a day that closed twice, and a sale on the wrong side of a closing."""

from datetime import date, timedelta

import pytest

from tests.system.faults.closings import CLOSED, PENDING, DatedSale, judge_closings, judge_dated
from tests.system.faults.history import History, OfDay, Operation, Outcome

DAY = date(2026, 11, 23)
NEXT = DAY + timedelta(days=1)


def closing(
    outcome: Outcome = Outcome.DONE, refusal: str | None = None, day: date = DAY, store: int = 1
) -> OfDay:
    """Return a closing that was asked at 10 and answered at 20."""
    operation = Operation("closing", store, {}, outcome=outcome, refusal=refusal)
    return OfDay(operation, day, 10, 20)


def sold(asked_at: float, answered_at: float | None) -> OfDay:
    return OfDay(Operation("sold", 1, {}), DAY, asked_at, answered_at)


def judged(sale: OfDay, is_late: bool, *closings: OfDay, day: date = DAY) -> list[str]:
    history = History(dated=[sale], closings=list(closings))
    found = judge_dated(history, {"sold": DatedSale(day, is_late)})
    return [each.removeprefix("sold: ") for each in found]


BEFORE, MEANWHILE, AFTER = sold(1, 9), sold(11, 21), sold(21, 22)
TOO_EARLY, TOO_LATE = f"late, although nobody had closed {DAY}", f"in time, although {DAY} had been"


@pytest.mark.parametrize("sale", [MEANWHILE, sold(9, 11), sold(11, None)])
@pytest.mark.parametrize("is_late", [True, False])
def test_a_sale_beside_a_closing_may_be_on_either_side(sale: OfDay, is_late: bool) -> None:
    assert judged(sale, is_late, closing()) == []


def test_a_sale_after_a_closing_is_late_and_one_before_it_is_in_time() -> None:
    assert judged(BEFORE, False, closing()) == judged(AFTER, True, closing()) == []
    assert judged(BEFORE, True, closing()) == [TOO_EARLY]
    assert judged(AFTER, False, closing()) == [f"{TOO_LATE} closed"]


@pytest.mark.parametrize(
    "closes", [closing(day=NEXT), closing(Outcome.REFUSED, CLOSED)], ids=["later", "refused"]
)
def test_a_later_closing_and_a_refused_one_tell_that_a_day_is_closed(closes: OfDay) -> None:
    assert judged(AFTER, False, closes) == [f"{TOO_LATE} closed"]


@pytest.mark.parametrize(
    "closes",
    [
        closing(Outcome.REFUSED, PENDING),
        closing(Outcome.UNKNOWN),
        closing(store=2),
        closing(day=DAY - timedelta(days=1)),
    ],
    ids=["pending", "unknown", "of another store", "of the day before"],
)
def test_another_closing_does_not_tell_that_the_day_is_closed(closes: OfDay) -> None:
    assert judged(AFTER, False, closes) == []


def test_a_day_that_may_close_by_itself_may_be_closed_before() -> None:
    later = closing(day=NEXT + timedelta(days=1))

    assert judged(BEFORE, True, later) == []


def test_a_sale_on_another_day_is_named() -> None:
    assert judged(BEFORE, False, day=NEXT) == [f"sold on {DAY}, recorded on {NEXT}"]


def test_a_day_closes_once_and_is_closed_afterwards() -> None:
    refused = closing(Outcome.REFUSED, CLOSED)

    assert judge_closings(History(closings=[closing(), refused]), {(1, DAY)}) == []
    assert judge_closings(History(closings=[closing(), closing()]), {(1, DAY)}) == [
        f"store 1 on {DAY}: two managers closed it"
    ]
    assert judge_closings(History(closings=[closing()]), {(2, DAY), (1, NEXT)}) == [
        f"store 1 on {DAY}: a manager closed it, and there is no closing"
    ]
