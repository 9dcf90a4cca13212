"""One split stack for all tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from tests.fixtures.chain import Chain
from tests.fixtures.far_side import FarSide, open_far_side
from tests.fixtures.system import RunningSystem, temporary_stack
from tests.fixtures.waiting import eventually
from tests.system.cut_off.layout import (
    PORT_NAMES,
    SplitLayout,
    let_far_side_in,
    list_split_programs,
)
from tests.system.cut_off.split import READY_SECONDS, Split


@pytest.fixture(scope="package")
def far_side() -> Iterator[FarSide]:
    with open_far_side() as side:
        yield side


@pytest.fixture(scope="package")
async def split_system(far_side: FarSide) -> AsyncIterator[Split]:
    layout = partial(SplitLayout, side=far_side)
    async with temporary_stack(PORT_NAMES, layout, list_split_programs) as stack:
        split = Split(stack)
        await let_far_side_in(split.layout)
        await stack.start_services()
        yield split


@pytest.fixture
async def split(split_system: Split) -> AsyncIterator[Split]:
    """Return the stack when both sides are ready; let all packets pass again afterwards."""
    await eventually(split_system.is_whole, True, READY_SECONDS)
    yield split_system
    split_system.side.restore()


@asynccontextmanager
async def open_chain(split: Split, *names: str) -> AsyncIterator[Chain]:
    """Open clients of three APIs for the block."""
    system, layout = RunningSystem(split.stack), split.stack.layout
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(system.client(layout.url(n))) for n in names]
        yield Chain(*clients)


@pytest.fixture
async def near(split: Split) -> AsyncIterator[Chain]:
    """Return the chain as the APIs on this side show it."""
    async with open_chain(split, "sales-api-2", "stock-api", "report-api") as chain:
        yield chain


@pytest.fixture
async def far(split: Split) -> AsyncIterator[Chain]:
    """Return the chain with the sales API of the far side."""
    async with open_chain(split, "sales-api", "stock-api", "report-api") as chain:
        yield chain
