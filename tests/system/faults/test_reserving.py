"""The verdict names a reservation that did not end as its till was told."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.system.faults.history import History, Operation, Outcome, Plan, Reserved
from tests.system.faults.reserving import RecordedReservation, judge_answers
from tests.system.faults.test_lots import RECORDED, SALE
from tests.system.faults.verdict import RecordedSale

RESERVED = UUID(int=9)
OPEN = RecordedReservation(RESERVED, 1, "open", None)
RELEASED = replace(OPEN, status="released")
CONSUMED = replace(OPEN, status="consumed", sale_id=SALE)
BY_ANOTHER = replace(CONSUMED, sale_id=UUID(int=3))
STRICT = replace(RECORDED, stock_policy="strict")
PERMISSIVE = replace(RECORDED, stock_policy="permissive")


@pytest.mark.parametrize(
    ("plan", "recorded", "sale", "faults"),
    [
        (Plan.SELL, CONSUMED, STRICT, []),
        (Plan.SELL, CONSUMED, replace(STRICT, status="voided"), []),
        (Plan.SELL, OPEN, replace(STRICT, status="rejected"), []),
        (Plan.SELL, OPEN, PERMISSIVE, []),
        (Plan.RELEASE, RELEASED, None, []),
        (Plan.FORGET, OPEN, None, []),
        (Plan.SELL, None, STRICT, ["answered, but there is no reservation"]),
        (Plan.SELL, OPEN, STRICT, ["confirmed with it, but it is open"]),
        (Plan.SELL, BY_ANOTHER, STRICT, ["confirmed with it, but it is consumed"]),
        (
            *(Plan.SELL, CONSUMED, replace(STRICT, status="rejected")),
            ["consumed by a rejected sale"],
        ),
        (Plan.RELEASE, OPEN, None, ["answered as released, recorded as open"]),
        (Plan.FORGET, CONSUMED, None, ["consumed, although no sale names it"]),
    ],
)
def test_a_reservation_that_ended_otherwise_is_named(
    plan: Plan, recorded: RecordedReservation | None, sale: RecordedSale | None, faults: list[str]
) -> None:
    answers = [{"reservation_id": str(RESERVED)}]
    operation = Operation("reserved", 1, {7: 1}, outcome=Outcome.DONE, answers=answers)
    each = Reserved(operation, plan, is_released=plan is Plan.RELEASE)

    found = judge_answers(
        History(reservations=[each]),
        {RESERVED: recorded} if recorded else {},
        {"reserved": SALE if sale else None},
        {SALE: sale} if sale else {},
    )

    assert [line.removeprefix("reserved: ") for line in found] == faults
