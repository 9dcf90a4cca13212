"""`kill -9` at every step of the write path, while tills sell."""

import pytest

from tests.system.faults.lab import Lab
from tests.system.faults.processes import NOT_PASSED, POINT_FAULTS
from tests.system.faults.run import run_seed


@pytest.mark.parametrize("point", POINT_FAULTS)
async def test_a_process_that_dies_at_this_step_loses_and_doubles_nothing(
    lab: Lab, point: str
) -> None:
    report = await run_seed(lab, list(POINT_FAULTS).index(point), [[point]])

    assert report.violations == []
    assert NOT_PASSED not in report.faults[0]
