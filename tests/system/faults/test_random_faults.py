"""Every run has fresh seeds: FAULT_SEEDS is their number, FAULT_SEED repeats one."""

import os
import secrets
from random import Random

import pytest

from tests.system.faults.lab import Lab
from tests.system.faults.run import FAULTS, plan, run_seed

FRESH_SEEDS = int(os.environ.get("FAULT_SEEDS", "4"))
GIVEN_SEED = os.environ.get("FAULT_SEED")
# All processes of a parallel run must collect the same tests.
_FRESH = Random(os.environ.get("PYTEST_XDIST_TESTRUNUID", secrets.token_hex()))
SEEDS = [int(GIVEN_SEED)] if GIVEN_SEED else [_FRESH.randrange(2**31) for _ in range(FRESH_SEEDS)]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"FAULT_SEED={seed}")
async def test_every_invariant_holds_under_random_faults(lab: Lab, seed: int) -> None:
    report = await run_seed(lab, seed)

    assert report.violations == [], report


def test_a_seed_says_which_faults_come() -> None:
    assert plan(42) == plan(42)
    assert {name for seed in range(400) for step in plan(seed) for name in step} == set(FAULTS)
