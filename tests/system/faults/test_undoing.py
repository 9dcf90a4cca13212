"""The verdict names a deleted sale that was undone twice, in part or not at all."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.system.faults.history import History, Operation, Outcome
from tests.system.faults.returning import RecordedReturn
from tests.system.faults.test_lots import RECORDED, SALE
from tests.system.faults.undoing import judge_undone
from tests.system.faults.verdict import RecordedSale

VOIDED = replace(RECORDED, status="voided", void_origin="till")
BACK = RecordedReturn(UUID(int=2), SALE, 1, "1-R000001", 100, {1: 1}, {7: 1})
DONE, REFUSED = Outcome.DONE, Outcome.REFUSED


@pytest.mark.parametrize(
    ("sale", "back", "outcomes", "faults"),
    [
        (VOIDED, [], [DONE, REFUSED], []),
        (RECORDED, [BACK], [REFUSED, DONE], []),
        (RECORDED, [], [REFUSED, Outcome.UNKNOWN], []),
        (VOIDED, [], [DONE, DONE], ["two requests undid it"]),
        (VOIDED, [BACK], [DONE, REFUSED], ["undone 2 times"]),
        (RECORDED, [BACK, replace(BACK, id=UUID(int=3))], [DONE, REFUSED], ["undone 2 times"]),
        (RECORDED, [], [DONE, REFUSED], ["undone 0 times"]),
        (VOIDED, [], [REFUSED, REFUSED], ["undone, although each request was refused"]),
        (RECORDED, [replace(BACK, units={1: 0})], [DONE, REFUSED], ["0 of 1 units came back"]),
    ],
)
def test_a_sale_that_is_not_undone_once_and_whole_is_named(
    sale: RecordedSale, back: list[RecordedReturn], outcomes: list[Outcome], faults: list[str]
) -> None:
    asked = [Operation(f"undone-{n}", 1, {}, outcome=each) for n, each in enumerate(outcomes)]

    found = judge_undone(
        History(undone={SALE: asked}), {SALE: sale}, {each.id: each for each in back}
    )

    said = [each.removeprefix(f"sale {SALE}: ").partition(", answered")[0] for each in found]
    assert said == faults
