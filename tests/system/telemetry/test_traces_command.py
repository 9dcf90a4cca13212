"""`make slow` and `make trace ID=…` show requests and traces in a terminal."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from time import time_ns
from uuid import uuid4

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Tracer

from service_kit.telemetry.tracing import KEEP, Keep
from tests.fixtures.chain import Chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

ROOT = Path(__file__).parents[3]
QUICK_REQUESTS = 40


@pytest.fixture
def tracer(watched_system: RunningSystem) -> Iterator[Tracer]:
    """Return a tracer that sends spans as report-api."""
    port = watched_system.stack.layout.ports["jaeger-otlp"]
    provider = TracerProvider(resource=Resource.create({"service.name": "report-api"}))
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test")
    provider.shutdown()


def ask(system: RunningSystem, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.tools.operate.traces", *arguments],
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

    async def is_there() -> int:
        return ask(watched_system, "trace", trace_id).returncode

    await eventually(is_there, 0)
    narrow = ("--route", "/api/ventes/", "--minutes", "1", "--most", "300")
    listed = ask(watched_system, "slow", *narrow).stdout.splitlines()
    [number] = [number for number, line in enumerate(listed) if trace_id in line]
    assert re.search(r"\d ms 201 POST /api/ventes/ ", listed[number])
    assert re.search(r"\bwait \d", listed[number + 1])
    assert {line.split()[4] for line in listed[::2]} == {"POST"}
    at = datetime.now().astimezone().strftime("%H:%M")
    assert trace_id in ask(watched_system, "slow", *narrow, "--at", at).stdout
    drawn = ask(watched_system, "trace", trace_id)
    assert drawn.returncode == 0
    lines = drawn.stdout.splitlines()
    assert lines[0].startswith(f"trace {trace_id}: ")
    assert [
        line
        for line in lines
        if line.startswith("    stock-worker: process sales.sale-recorded.v1")
    ]


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


async def test_of_many_requests_the_slowest_are_listed_not_the_newest(
    watched_system: RunningSystem, tracer: Tracer
) -> None:
    route = f"/{uuid4().hex}"
    for number in range(QUICK_REQUESTS):
        took = timedelta(seconds=3 if number == 0 else 0.02)
        send_request(tracer, route, took)

    async def slowest() -> list[float]:
        listed = ask(watched_system, "slow", "--route", route, "--most", "3").stdout
        return [float(each) for each in re.findall(r"^\S+ +([\d.]+) ms", listed, re.MULTILINE)]

    await eventually(slowest, [3000.0, 20.0, 20.0])


def send_request(tracer: Tracer, route: str, took: timedelta) -> None:
    """Send the server span of a request that ends now, as an API would."""
    nanoseconds = took // timedelta(microseconds=1) * 1000
    ended = time_ns()
    attributes = {"http.request.method": "GET", "http.route": route, KEEP: Keep.SAMPLE}
    span = tracer.start_span(
        f"GET {route}", kind=SpanKind.SERVER, start_time=ended - nanoseconds, attributes=attributes
    )
    span.end(ended)


def test_an_unknown_trace_and_an_absent_jaeger_give_one_line(
    watched_system: RunningSystem,
) -> None:
    unknown = ask(watched_system, "trace", "0" * 31 + "1")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.count("\n") == 1

    absent = subprocess.run(
        [sys.executable, "-m", "infra.tools.operate.traces", "slow"],
        cwd=ROOT,
        env=os.environ | {"JAEGER_URL": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert absent.returncode == 1
    assert "no Jaeger answers at http://127.0.0.1:1" in absent.stderr
