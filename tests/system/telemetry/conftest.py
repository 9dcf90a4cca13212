"""The system under a little of every kind of load, observed by real Prometheus and Jaeger."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.fetch import MISSING
from infra.tools.local.layout import DEFAULT_PORTS, ROOT, Layout
from infra.tools.local.observability import BACKENDS, installed_ports
from infra.tools.measure.load import k6
from tests.fixtures.chain import Chain, open_chain
from tests.fixtures.http import open_client
from tests.fixtures.system import RunningSystem, temporary_stack

PAUSE_SECONDS = 0.2
CROWD = 24


@dataclass(frozen=True, slots=True)
class Prometheus:
    """The HTTP API of the run's Prometheus."""

    url: str

    async def ask(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query, each with its labels and value."""
        async with open_client(base_url=self.url) as client:
            answer = await client.get("/api/v1/query", params={"query": expression})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found


@pytest.fixture(scope="package")
async def watched_system() -> AsyncIterator[RunningSystem]:
    """Run the whole system for these tests alone, with real Prometheus and Jaeger."""
    if set(BACKENDS) - set(installed_ports()):
        pytest.skip(MISSING)
    async with temporary_stack((*DEFAULT_PORTS, *installed_ports())) as stack:
        await stack.start_backends()
        await stack.start_services()
        # `make up` does the same: docs/debugging.md practises on the first demo store.
        await asyncio.to_thread(_create_demo, stack.layout)
        yield RunningSystem(stack)


def _create_demo(layout: Layout) -> None:
    subprocess.run(
        [sys.executable, "-m", "infra.tools.local.demo"],
        cwd=ROOT,
        env=os.environ | layout.client_environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )


@pytest.fixture(scope="package")
def running_system(watched_system: RunningSystem) -> RunningSystem:
    """Give the shared fixtures, such as `chain`, the watched system."""
    return watched_system


@pytest.fixture(scope="package")
def prometheus(watched_system: RunningSystem) -> Prometheus:
    return Prometheus(watched_system.stack.layout.url("prometheus"))


@contextmanager
def loaded_by_k6(system: RunningSystem, folder: Path) -> Iterator[None]:
    """Play a few visits a second with k6, which sends its metrics to the run's Prometheus."""
    variables = {**system.environment, "DURATION": "30m", "RATE": "2", "LOAD_RUN": "telemetry"}
    process = k6.start("soak", folder / "summary.json", variables, subprocess.DEVNULL)
    try:
        yield
    finally:
        k6.stop(process)


@pytest.fixture(scope="module")
async def busy_system(
    watched_system: RunningSystem, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningSystem]:
    """Keep the system busy with sales, refusals, wrong requests and waits, for a whole module."""
    folder = tmp_path_factory.mktemp("k6")
    async with open_chain(watched_system) as chain:
        with loaded_by_k6(watched_system, folder):
            begun, over = asyncio.Event(), asyncio.Event()
            url = watched_system.database_url("sales")
            load = asyncio.create_task(_load(chain, url, begun, over))
            first_round = asyncio.create_task(begun.wait())
            await asyncio.wait((load, first_round), return_when=asyncio.FIRST_COMPLETED)
            assert begun.is_set(), load.exception()
            yield watched_system
            # It is not cancelled: httpx would leave connections that are being opened.
            over.set()
            await load


async def _load(chain: Chain, sales_url: str, begun: asyncio.Event, over: asyncio.Event) -> None:
    strict, permissive = await chain.open_store(), await chain.open_store("permissive")
    product = await chain.add_product()
    await chain.receive(strict, {product: 1000})
    engine = create_async_engine(sales_url)
    try:
        while not over.is_set():
            for _ in range(10):
                await _a_little_of_everything(chain, strict, permissive, product)
                begun.set()
                await asyncio.sleep(PAUSE_SECONDS)
            # More sales than connections wait for a locked table.
            async with engine.connect() as other:
                await other.execute(text("LOCK TABLE sales IN ACCESS EXCLUSIVE MODE"))
                crowd = [chain.sell(permissive, {product: 1}) for _ in range(CROWD)]
                statuses = {answer.status_code for answer in await asyncio.gather(*crowd)}
                await other.rollback()
            assert 503 in statuses, statuses
    finally:
        await engine.dispose()


async def _a_little_of_everything(chain: Chain, strict: int, permissive: int, product: int) -> None:
    # On a busy machine the stock may decide after the wait, which is answered 202.
    confirmed = await chain.sell(strict, {product: 1})
    assert confirmed.status_code in (201, 202), confirmed.text
    rejected = await chain.sell(strict, {product: 100_000})
    assert rejected.status_code in (409, 202), rejected.text
    sold = await chain.sell(permissive, {product: 2})
    assert sold.status_code == 201, sold.text
    await chain.sales.get("/api/magasins/999999")
    await chain.sales.post("/api/ventes/", json={"magasin_id": "?"})
    await chain.level(strict, product)
    await chain.store_report(permissive, sold.json()["vente_id"])
    await chain.report.get("/api/ventes/rapport")
    await chain.report.get("/api/performance/global")
