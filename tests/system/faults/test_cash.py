"""The verdict names cash that moved twice, not at all or on a closed day, and a wrong closing."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.system.faults.cash import (
    RecordedCash,
    expected_of,
    judge_moved_cash,
    judge_sealed_cash,
    judge_told_cash,
)
from tests.system.faults.closings import CLOSED
from tests.system.faults.history import History, MovedCash, OfDay, Operation, Outcome

DAY = date(2026, 11, 23)
DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN
MOVED = RecordedCash(UUID(int=1), 1, DAY, "caisse 1", "paid-out", 1005, "asked")
BODY = {"type": "sortie", "montant": 10.05, "motif": "asked", "caisse": "caisse 1"}
SEALED = {
    "register_id": "caisse 1",
    "float_cents": 100,
    "paid_in_cents": 20,
    "paid_out_cents": 3,
    "cash_sales_cents": 50,
    "cash_returns_cents": 4,
}


def closing(told: float | None = None, day: date = DAY, store: int = 1) -> OfDay:
    """Return a closing that was asked at 10 and answered at 20."""
    registers = [{"caisse": "caisse 1", "attendu": told}]
    answers = [{"totaux": {"caisses": registers}}] if told is not None else []
    return OfDay(Operation("closing", store, {}, outcome=DONE, answers=answers), day, 10, 20)


def judged(
    outcome: Outcome,
    recorded: list[RecordedCash],
    asked_at: float = 9,
    refusal: str = CLOSED,
    closes: OfDay | None = None,
) -> list[str]:
    """Return what is said of a movement that was answered a second after it was asked."""
    refused = refusal if outcome is REFUSED else None
    answers = [{"id": str(MOVED.id)}] if outcome is DONE else []
    operation = Operation("asked", 1, {}, outcome=outcome, refusal=refused, answers=answers)
    moved = MovedCash(operation, DAY, asked_at, asked_at + 1, BODY)
    found = judge_moved_cash(History(cash=[moved], closings=[closes or closing()]), recorded)
    return [each.removeprefix("asked: ").partition(",")[0] for each in found]


@pytest.mark.parametrize(
    ("outcome", "recorded", "asked_at"),
    [
        (DONE, [MOVED], 1),
        (DONE, [MOVED], 15),
        (REFUSED, [], 15),
        (REFUSED, [], 21),
        (UNKNOWN, [], 1),
        (UNKNOWN, [MOVED], 1),
    ],
)
def test_cash_moves_as_it_was_answered(
    outcome: Outcome, recorded: list[RecordedCash], asked_at: float
) -> None:
    assert judged(outcome, recorded, asked_at) == []


@pytest.mark.parametrize(
    ("outcome", "recorded", "fault"),
    [
        (DONE, [MOVED, replace(MOVED, id=UUID(int=2))], "done"),
        (UNKNOWN, [MOVED, replace(MOVED, id=UUID(int=2))], "unknown"),
        (REFUSED, [MOVED], "refused"),
        (DONE, [replace(MOVED, amount_cents=1004)], "asked (1"),
        (DONE, [replace(MOVED, kind="paid-in")], "asked (1"),
        (DONE, [replace(MOVED, register_id=None)], "asked (1"),
        (DONE, [replace(MOVED, id=UUID(int=3))], f"answered ['{MOVED.id}']"),
    ],
)
def test_cash_that_moves_otherwise_is_named(
    outcome: Outcome, recorded: list[RecordedCash], fault: str
) -> None:
    assert judged(outcome, recorded, 15) == [fault]


def test_answered_cash_that_is_not_there_is_named() -> None:
    assert judged(DONE, []) == ["done", f"answered ['{MOVED.id}']"]


def test_cash_that_moves_after_its_day_was_closed_is_named() -> None:
    assert judged(DONE, [MOVED], 21) == [f"cash moved on {DAY}"]


@pytest.mark.parametrize(
    "closes", [closing(store=2), closing(day=DAY - timedelta(days=1))], ids=["store", "day before"]
)
def test_the_closing_of_another_store_or_day_closes_nothing(closes: OfDay) -> None:
    assert judged(DONE, [MOVED], 21, closes=closes) == []
    assert judged(REFUSED, [], 21, closes=closes) == [f"refused ({CLOSED})"]


@pytest.mark.parametrize(("refusal", "asked_at"), [(CLOSED, 1), ("journee-a-venir", 15)])
def test_cash_that_is_refused_on_an_open_day_is_named(refusal: str, asked_at: float) -> None:
    assert judged(REFUSED, [], asked_at, refusal) == [f"refused ({refusal})"]


def test_cash_that_nobody_moved_is_named() -> None:
    assert judge_moved_cash(History(), [MOVED]) == ["asked: cash moved, and nobody asked for it"]


def test_a_closing_expects_what_its_documents_leave() -> None:
    sealed = {(1, DAY): expected_of([SEALED, {**SEALED, "register_id": None}])}

    assert sealed == {(1, DAY): {"caisse 1": 163, None: 163}}
    assert judge_sealed_cash(sealed, sealed) == []
    [found] = judge_sealed_cash(sealed, {(1, DAY): {"caisse 1": 163, None: 162}})
    assert found.startswith(f"store 1 on {DAY}: ")


@pytest.mark.parametrize(("told", "is_right"), [(1.63, True), (1.62, False)])
def test_who_closes_is_told_what_is_sealed(told: float, is_right: bool) -> None:
    history = History(closings=[closing(told=told)])

    assert (judge_told_cash(history, {(1, DAY): {"caisse 1": 163}}) == []) == is_right
