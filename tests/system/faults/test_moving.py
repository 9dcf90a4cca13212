"""The verdict names goods that moved twice, not at all, or from nowhere."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from tests.system.faults.history import Operation, Outcome
from tests.system.faults.moving import (
    Arrival,
    AskedGoods,
    SentGoods,
    judge_request,
    judge_transfer,
)

DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN
UNITS = {7: 4}
WHOLE = {7: (4, 0)}


def operation(outcome: Outcome) -> Operation:
    return Operation(outcome.value, 1, UNITS, outcome=outcome)


def arrival(
    outcome: Outcome, units: Mapping[int, int] | None = None, *, has_reason: bool = False
) -> Arrival:
    return Arrival(operation(outcome), units, has_reason)


def row(status: str, receptions: int) -> dict[str, Any]:
    return {"status": status, "receptions": receptions}


@pytest.mark.parametrize(
    ("outcomes", "is_named"),
    [([DONE, REFUSED], False), ([REFUSED, REFUSED], False), ([DONE, DONE], True)],
)
def test_a_request_is_fulfilled_once(outcomes: list[Outcome], is_named: bool) -> None:
    asked = AskedGoods(operation(DONE), [operation(each) for each in outcomes])

    assert bool(judge_request(asked)) == is_named


@pytest.mark.parametrize(
    ("shippings", "arrivals", "recorded", "arrived", "is_named"),
    [
        ([DONE, REFUSED], [arrival(DONE)], row("received", 1), WHOLE, False),
        ([DONE, DONE], [arrival(DONE)], row("received", 1), WHOLE, True),
        ([DONE, REFUSED], [], row("draft", 0), {7: (0, 0)}, True),
        ([DONE, REFUSED], [arrival(DONE)], row("received", 2), WHOLE, True),
        ([DONE, REFUSED], [arrival(DONE)], row("received", 1), {7: (8, 0)}, True),
        ([DONE, REFUSED], [arrival(REFUSED)], row("shipped", 1), {7: (4, 0)}, True),
        ([DONE, REFUSED], [arrival(UNKNOWN)], row("received", 1), WHOLE, False),
        (
            [DONE],
            [arrival(DONE, {7: 1}), arrival(DONE, {7: 3})],
            row("received", 2),
            WHOLE,
            False,
        ),
        (
            [DONE],
            [arrival(DONE, {7: 3}, has_reason=True)],
            row("received", 1),
            {7: (3, -1)},
            False,
        ),
        (
            [DONE],
            [arrival(DONE, {7: 3}, has_reason=True)],
            row("received", 1),
            {7: (3, 0)},
            True,
        ),
    ],
)
def test_each_step_of_a_transfer_takes_effect_once(
    shippings: list[Outcome],
    arrivals: list[Arrival],
    recorded: dict[str, Any],
    arrived: dict[int, tuple[int, int]],
    is_named: bool,
) -> None:
    sent = SentGoods(UUID(int=1), UNITS, [operation(each) for each in shippings], arrivals)

    found = judge_transfer(sent, recorded, arrived)

    assert bool(found) == is_named, found
