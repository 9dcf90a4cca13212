"""The verdict names a return that took effect twice, not at all, or that was refused wrongly."""

from typing import Any
from uuid import UUID

import pytest

from tests.system.faults.history import Asked, History, Operation, Outcome
from tests.system.faults.returning import EXCESSIVE, RecordedReturn, judge_returns

SALE = UUID(int=1)
RETURNS = [UUID(int=2), UUID(int=3)]


def a_sale() -> Operation:
    answer = {"lignes": [{"ligne": 1, "quantite": 3}]}
    return Operation("sale", 1, {7: 3}, outcome=Outcome.DONE, answers=[answer])


def asked(number: int, units: int, outcome: Outcome, refusal: str | None = None) -> Asked:
    answer: dict[str, Any] = {
        "magasin_id": 1,
        "id": str(RETURNS[number]),
        "numero": f"1-R{number}",
        "total": units,
    }
    operation = Operation(f"return-{number}", 1, {}, outcome=outcome, refusal=refusal)
    operation.answers = [answer] if outcome is Outcome.DONE else []
    return Asked(operation, {1: units}, {})


def recorded(number: int, units: int) -> RecordedReturn:
    return RecordedReturn(
        RETURNS[number], SALE, 1, f"1-R{number}", units * 100, {1: units}, {7: units}
    )


DONE, REFUSED = Outcome.DONE, Outcome.REFUSED


@pytest.mark.parametrize(
    ("first", "second", "rows", "is_named"),
    [
        (asked(0, 2, DONE), asked(1, 1, DONE), [recorded(0, 2), recorded(1, 1)], False),
        (asked(0, 2, DONE), asked(1, 2, REFUSED, EXCESSIVE), [recorded(0, 2)], False),
        (asked(0, 2, DONE), asked(1, 2, DONE), [recorded(0, 2), recorded(1, 2)], True),
        (asked(0, 2, DONE), asked(1, 1, REFUSED, EXCESSIVE), [recorded(0, 2)], True),
        (asked(0, 2, DONE), asked(1, 2, REFUSED), [recorded(0, 1), recorded(1, 2)], True),
        (asked(0, 2, DONE), asked(1, 1, DONE), [recorded(0, 2)], True),
        (asked(0, 2, DONE), asked(1, 1, Outcome.UNKNOWN), [recorded(0, 2)], False),
        (asked(0, 2, DONE), asked(1, 1, Outcome.UNKNOWN), [recorded(0, 2), recorded(1, 1)], False),
    ],
)
def test_each_return_takes_effect_once(
    first: Asked, second: Asked, rows: list[RecordedReturn], is_named: bool
) -> None:
    history = History(sales=[a_sale()], returns={"sale": [first, second]})
    keys = {f"return-{RETURNS.index(row.id)}": row.id for row in rows}

    found = judge_returns(history, keys, {row.id: row for row in rows})

    assert bool(found) == is_named, found


def test_a_return_that_nobody_asked_for_is_named() -> None:
    assert judge_returns(History(), {}, {RETURNS[0]: recorded(0, 1)})
