"""`make slow` and `make trace ID=…`, as an engineer without a browser calls them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

ROOT = Path(__file__).parents[2]


def ask(system: RunningSystem, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.traces", *arguments],
        cwd=ROOT,
        env=os.environ | system.environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_request_is_listed_with_its_breakdown_and_its_trace_is_drawn(
    watched_system: RunningSystem, chain: Chain
) -> None:
    store, product = await chain.open_store(), await chain.add_product()
    await chain.receive(store, {product: 1})
    answer = await chain.sell(store, {product: 1})
    timing = answer.headers["server-timing"]
    [trace_id] = re.findall(r'traceparent;desc="00-([0-9a-f]{32})-', timing)

    async def is_listed() -> bool:
        return trace_id in ask(watched_system, "slow", "--most", "500").stdout

    await eventually(is_listed, True)
    listed = ask(watched_system, "slow", "--most", "500").stdout.splitlines()
    [number] = [number for number, line in enumerate(listed) if trace_id in line]
    assert re.search(r"\d ms 201 POST /api/ventes/ ", listed[number])
    assert re.search(r"\bwait \d", listed[number + 1])
    drawn = ask(watched_system, "trace", trace_id)
    assert drawn.returncode == 0
    lines = drawn.stdout.splitlines()
    assert lines[0].startswith(f"trace {trace_id}: ")
    assert [line for line in lines if line.startswith("    stock: process sales.sale-recorded.v1")]


async def test_the_slowest_come_first(watched_system: RunningSystem, chain: Chain) -> None:
    await chain.open_store()

    async def durations() -> list[float]:
        listed = ask(watched_system, "slow").stdout
        return [float(each) for each in re.findall(r"^\S+ +([\d.]+) ms", listed, re.MULTILINE)]

    async def has_several() -> bool:
        return len(await durations()) > 1

    await eventually(has_several, True)
    found = await durations()
    assert found == sorted(found, reverse=True)


def test_an_unknown_trace_and_an_absent_jaeger_are_told_in_one_line(
    watched_system: RunningSystem,
) -> None:
    unknown = ask(watched_system, "trace", "0" * 31 + "1")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.count("\n") == 1

    absent = subprocess.run(
        [sys.executable, "-m", "infra.traces", "slow"],
        cwd=ROOT,
        env=os.environ | {"JAEGER_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert absent.returncode == 1
    assert "no Jaeger answers at http://127.0.0.1:1" in absent.stderr
