"""The verdict names lots that were posted twice, in part, or not at all."""

from uuid import UUID

from tests.system.faults.bulk import judge_lot
from tests.system.faults.history import Operation, Outcome, PostedLot

UNITS = {(1, 7): 4, (2, 7): -1}
FIRST, SECOND, OTHER = (str(UUID(int=number)) for number in range(3))
LEDGER = {UUID(FIRST): {(1, 7): 4}, UUID(SECOND): {(2, 7): -1}}


def posted(*answers: tuple[str, ...]) -> PostedLot:
    said = [{"documents": [{"document_id": id} for id in documents]} for documents in answers]
    return PostedLot(Operation("lot", 0, {}, outcome=Outcome.DONE, answers=said), UNITS)


def test_a_lot_that_was_posted_once_is_right() -> None:
    assert judge_lot(posted((FIRST, SECOND), (FIRST, SECOND)), LEDGER) == []
    assert judge_lot(posted(), LEDGER) == []


def test_a_lot_with_two_answers_was_posted_twice() -> None:
    [fault] = judge_lot(posted((FIRST, SECOND), (OTHER,)), LEDGER)
    assert "posted 2 times" in fault


def test_a_lot_is_in_the_ledger_whole() -> None:
    [fault] = judge_lot(posted((FIRST, OTHER)), LEDGER)
    assert "the ledger has {(1, 7): 4}" in fault
