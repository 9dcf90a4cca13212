"""One stack for all runs of the suite; mutation tests start their own."""

from collections.abc import AsyncIterator

import pytest

from tests.system.faults.lab import Lab, open_lab


@pytest.fixture(scope="package")
async def lab() -> AsyncIterator[Lab]:
    async with open_lab() as lab:
        yield lab
