"""Each fault of `make demo-fault` shows where docs/debugging.md looks, and leaves no trace."""

import asyncio
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.cleanup import find_processes
from infra.tools.measure.demo_fault.faults import FAULTS, list_planted
from infra.tools.operate.traces.jaeger import Jaeger, NoSuchTrace
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually
from tests.system.telemetry.conftest import Prometheus
from tests.system.telemetry.debugging_page import PRACTICE, Shell

ROOT = Path(__file__).parents[3]
# Prometheus scrapes every 5 s, and earlier requests must leave the window of 30 s.
WITHIN_SECONDS = 90.0
# More requests than connections for writing.
CROWD = 24
LENT_OUT = 8


def demo_fault(system: RunningSystem, *arguments: str) -> str:
    """Run the command, which must succeed, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.tools.measure.demo_fault", *arguments],
        cwd=ROOT,
        env=os.environ | {"COMPTOIR_STATE": str(system.stack.layout.state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def whole_again(watched_system: RunningSystem) -> Iterator[None]:
    yield
    for name in list_planted(watched_system.stack.layout):
        demo_fault(watched_system, name, "--remove")


async def read_levels(system: RunningSystem, statement: str) -> list[str]:
    """Return the result of a statement about the report's levels."""
    engine = create_async_engine(system.stack.layout.owner_url("report"))
    async with engine.connect() as connection:
        found = [str(each) for each in (await connection.execute(text(statement))).scalars()]
    await engine.dispose()
    return found


# What the page's commands for practice send.
PRACTICE_SALES = 400
DEMO_STORE = 1


async def count_sales(chain: Chain, store: int) -> int:
    """Return how many sales of a store the report counts."""
    rows = (await chain.report.get("/api/rapports/ventes")).json()["rapport"]
    return sum(row["nombre_ventes"] for row in rows if row["magasin_id"] == store)


async def test_the_practice_sells_in_a_demo_store(
    watched_system: RunningSystem, chain: Chain, tmp_path: Path
) -> None:
    shell = Shell.open(watched_system.stack.layout, tmp_path)
    before = await count_sales(chain, DEMO_STORE)

    done = await asyncio.to_thread(shell.run, PRACTICE)

    assert (done.returncode, done.stderr) == (0, "")

    async def has_sold() -> bool:
        # The store lacks some products, and a busy machine refuses some sales.
        return await count_sales(chain, DEMO_STORE) - before >= PRACTICE_SALES / 2

    await eventually(has_sold, True)


INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename = 'stock_levels' ORDER BY 1"
IMPOSSIBLE = "SELECT 1 FROM stock_levels WHERE store_id < 0 LIMIT 1"
SQL_OF_REPORT = (
    'sum(rate(http_request_stage_seconds_sum{handler="/api/ventes/rapport", stage="sql"}[30s])) / '
    'sum(rate(http_request_duration_seconds_count{handler="/api/ventes/rapport"}[30s]))'
)


async def value_of(prometheus: Prometheus, expression: str) -> float:
    """Return the value of the largest series; 0 when there is none."""
    values = [float(each["value"][1]) for each in await prometheus.ask(expression)]
    return max((value for value in values if math.isfinite(value)), default=0.0)


@pytest.mark.usefixtures("whole_again")
async def test_a_missing_index_is_time_in_one_statement_of_the_report(
    watched_system: RunningSystem, chain: Chain, prometheus: Prometheus
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    indexes = await read_levels(watched_system, INDEXES)

    async def seconds_of_sql() -> float:
        # A new sale makes the cached report stale.
        assert (await chain.sell(store, {product: 1})).status_code == 201
        assert (await chain.report.get("/api/ventes/rapport")).status_code == 200
        return await value_of(prometheus, SQL_OF_REPORT)

    async def has_figures() -> bool:
        return await seconds_of_sql() > 0

    await eventually(has_figures, True, WITHIN_SECONDS)
    before = await seconds_of_sql()
    assert demo_fault(watched_system, "missing-index") == "missing-index: planted"
    assert demo_fault(watched_system, "missing-index") == "missing-index: was planted already"

    async def is_slower() -> bool:
        return await seconds_of_sql() > 2 * before

    await eventually(is_slower, True, WITHIN_SECONDS)
    assert demo_fault(watched_system, "missing-index", "--remove") == "missing-index: removed"
    again = demo_fault(watched_system, "missing-index", "--remove")
    assert again == "missing-index: was not planted"
    assert await read_levels(watched_system, INDEXES) == indexes
    assert await read_levels(watched_system, IMPOSSIBLE) == []


async def count_holders(system: RunningSystem) -> int:
    found = find_processes(system.stack.layout.state)
    return sum("infra.tools.measure.demo_fault" in " ".join(each.cmdline()) for each in found)


@pytest.mark.usefixtures("whole_again")
async def test_an_exhausted_pool_is_full_answers_503_and_fires_an_alert(
    watched_system: RunningSystem, chain: Chain, prometheus: Prometheus
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    demo_fault(watched_system, "exhausted-pool")
    demo_fault(watched_system, "exhausted-pool")
    assert await count_holders(watched_system) == 1
    trace_ids: set[str] = set()

    async def signs() -> set[str]:
        answers = await asyncio.gather(*(chain.sell(store, {product: 1}) for _ in range(CROWD)))
        refused = [answer.json() for answer in answers if answer.status_code == 503]
        trace_ids.update(each["trace_id"] for each in refused)
        full = 'db_client_connection_count{job="sales-api", db_client_connection_state="used"}'
        alert = 'ALERTS{alertname="PoolExhausted", job="sales-api"}'
        seen = {
            "503": bool(refused),
            "full": await value_of(prometheus, full) >= LENT_OUT,
            "alert": bool(await prometheus.ask(alert)),
        }
        return {sign for sign, is_there in seen.items() if is_there}

    await eventually(signs, {"503", "full", "alert"}, WITHIN_SECONDS)
    jaeger = Jaeger(watched_system.stack.layout.url("jaeger"))

    async def stages() -> bool:
        try:
            spans = jaeger.read_trace(min(trace_ids)).spans
        except NoSuchTrace:
            return False  # Jaeger decides some seconds later whether it keeps a trace
        [root] = [span for span in spans if span.name == "POST /api/ventes/"]
        return float(root.attributes["comptoir.stage.pool"]) > 1

    await eventually(stages, True)
    demo_fault(watched_system, "exhausted-pool", "--remove")
    await eventually(partial(count_holders, watched_system), 0)
    assert (await chain.sell(store, {product: 1})).status_code == 201


@pytest.mark.usefixtures("whole_again")
async def test_a_stopped_consumer_does_not_answer_and_loses_nothing(
    watched_system: RunningSystem, chain: Chain, prometheus: Prometheus
) -> None:
    store, product = await chain.open_store("permissive"), await chain.add_product()
    demo_fault(watched_system, "stopped-consumer")

    async def alerts() -> list[str]:
        series = await prometheus.ask('ALERTS{alertname="ProcessDown", alertstate="firing"}')
        return [each["metric"]["job"] for each in series]

    await eventually(alerts, ["report-worker"], WITHIN_SECONDS)
    sold = await chain.sell(store, {product: 1})
    demo_fault(watched_system, "stopped-consumer", "--remove")

    line = await chain.store_report(store, sold.json()["vente_id"])
    assert line["nombre_ventes"] == 1


@pytest.mark.usefixtures("whole_again")
async def test_stopping_the_stack_finds_all_planted_faults(
    watched_system: RunningSystem,
) -> None:
    layout = watched_system.stack.layout
    for name in ("exhausted-pool", "stopped-consumer"):
        demo_fault(watched_system, name)
    assert list_planted(layout) == ["exhausted-pool", "stopped-consumer"]

    assert await asyncio.to_thread(demo_fault, watched_system, "all", "--remove") == ""

    assert list_planted(layout) == []
    await eventually(partial(count_holders, watched_system), 0)

    async def is_stopped() -> bool:
        try:
            worker = psutil.Process(watched_system.stack.pid("report-worker"))
            return bool(worker.status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return True  # it has ended, and supervisord restarts it

    await eventually(is_stopped, False)


def test_without_a_stack_one_line_says_so(tmp_path: Path) -> None:
    for name in FAULTS:
        done = subprocess.run(
            [sys.executable, "-m", "infra.tools.measure.demo_fault", name],
            cwd=ROOT,
            env=os.environ | {"COMPTOIR_STATE": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "not running: make up starts it\n"
