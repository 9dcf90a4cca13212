"""A stack with two instances of every API and worker behind real NGINX."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from infra.tools.local import nginx
from infra.tools.local.fetch import NO_NGINX
from infra.tools.local.layout import DEFAULT_PORTS, SERVICES, further_ports
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem, temporary_stack

INSTANCES = 2


@pytest.fixture(scope="package")
async def several_instances() -> AsyncIterator[RunningSystem]:
    if not nginx.installed_ports():
        pytest.skip(NO_NGINX)
    names = (*DEFAULT_PORTS, *further_ports(INSTANCES, INSTANCES), *nginx.PORTS)
    async with temporary_stack(names) as stack:
        await stack.start_services()
        yield RunningSystem(stack)


@pytest.fixture
async def balanced(several_instances: RunningSystem) -> AsyncIterator[Chain]:
    """Return the chain as clients see it: behind NGINX."""
    urls = [several_instances.stack.layout.public_url(service) for service in SERVICES]
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(several_instances.client(url)) for url in urls]
        yield Chain(*clients)


@pytest.fixture
async def each_instance(
    several_instances: RunningSystem,
) -> AsyncIterator[list[Chain]]:
    """Return the chain as the first and as the second instance of each API show it."""
    layout = several_instances.stack.layout
    async with AsyncExitStack() as stack:
        yield [
            Chain(
                *[
                    await stack.enter_async_context(several_instances.client(layout.url(name)))
                    for name in names
                ]
            )
            for names in zip(*(layout.instances(f"{each}-api") for each in SERVICES), strict=True)
        ]
