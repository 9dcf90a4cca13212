"""The number of examples and the seed: FUZZ_EXAMPLES and FUZZ_SEED."""

import os
import secrets

import pytest

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
SEED = int(os.environ.get("FUZZ_SEED", secrets.randbelow(2**31)))


def pytest_report_header() -> str:
    return f"FUZZ_SEED={SEED} FUZZ_EXAMPLES={EXAMPLES}"


@pytest.fixture(scope="session")
def fuzz_seed() -> int:
    return SEED
