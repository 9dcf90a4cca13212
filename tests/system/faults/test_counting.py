"""The verdict names counts that ended twice, or otherwise than was answered."""

from uuid import UUID

import pytest

from tests.system.faults.counting import StoreCount, judge_count
from tests.system.faults.history import Operation, Outcome

DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN


def operations(*outcomes: Outcome) -> list[Operation]:
    return [Operation(each.value, 1, {}, outcome=each) for each in outcomes]


@pytest.mark.parametrize(
    ("postings", "cancellations", "status", "is_named"),
    [
        ((DONE, REFUSED), (REFUSED,), "posted", False),
        ((REFUSED, REFUSED), (DONE,), "cancelled", False),
        ((DONE, DONE), (), "posted", True),
        ((DONE, REFUSED), (DONE,), "posted", True),
        ((DONE, REFUSED), (), "open", True),
        ((REFUSED,), (DONE,), "posted", True),
        # The answer of the cancellation was lost, and its repetition refused.
        ((REFUSED, REFUSED), (REFUSED,), "cancelled", False),
        ((UNKNOWN,), (), "posted", False),
    ],
)
def test_a_count_ends_once(
    postings: tuple[Outcome, ...],
    cancellations: tuple[Outcome, ...],
    status: str,
    is_named: bool,
) -> None:
    count = StoreCount(UUID(int=1), operations(*postings), operations(*cancellations))

    found = judge_count(count, {count.id: status})

    assert bool(found) == is_named, found
