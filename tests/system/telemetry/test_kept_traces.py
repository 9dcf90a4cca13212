"""Jaeger keeps the marked and failed traces, and its metrics cover all traces."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Status, StatusCode, Tracer, format_trace_id

from infra.tools.operate.traces.jaeger import Jaeger, NoSuchTrace
from service_kit.telemetry.tracing import KEEP, Keep
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually
from tests.system.telemetry.conftest import Prometheus

ORDINARY = 20
LONG_REQUEST_SECONDS = 7.0


@pytest.fixture
def service() -> str:
    return f"service-{uuid4().hex[:8]}"


@pytest.fixture
def tracer(watched_system: RunningSystem, service: str) -> Iterator[Tracer]:
    """Return a tracer that sends spans as a process of its own."""
    port = watched_system.stack.layout.ports["jaeger-otlp"]
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test")
    provider.shutdown()


def send_trace(tracer: Tracer, keep: Keep | None = None, failed: bool = False) -> str:
    """Send a trace of two spans and return its id; the root has the mark, the other the fault."""
    with tracer.start_as_current_span("root", attributes={KEEP: keep} if keep else None) as root:
        with tracer.start_as_current_span("part") as part:
            if failed:
                part.set_status(Status(StatusCode.ERROR))
    return format_trace_id(root.get_span_context().trace_id)


def is_kept(jaeger: Jaeger, trace_id: str) -> bool:
    try:
        return len(jaeger.read_trace(trace_id).spans) == 2
    except NoSuchTrace:
        return False


async def test_marked_and_failed_traces_are_kept_whole_and_no_others(
    watched_system: RunningSystem, tracer: Tracer, prometheus: Prometheus, service: str
) -> None:
    jaeger = Jaeger(watched_system.stack.layout.url("jaeger"))
    others = [send_trace(tracer) for _ in range(ORDINARY)]
    wanted = [*(send_trace(tracer, keep) for keep in Keep), send_trace(tracer, failed=True)]

    async def kept() -> int:
        return sum(is_kept(jaeger, trace_id) for trace_id in wanted)

    # The others were sent first, so Jaeger has decided on them when it has on these.
    await eventually(kept, len(wanted))
    assert [trace_id for trace_id in others if is_kept(jaeger, trace_id)] == []

    async def counted() -> list[str]:
        calls = f'sum(traces_span_metrics_calls_total{{service_name="{service}"}})'
        return [each["value"][1] for each in await prometheus.ask(calls)]

    await eventually(counted, [str(2 * (ORDINARY + len(wanted)))])


async def test_a_mark_that_comes_when_a_long_request_ends_is_in_time(
    watched_system: RunningSystem, tracer: Tracer
) -> None:
    jaeger = Jaeger(watched_system.stack.layout.url("jaeger"))
    with tracer.start_as_current_span("root", attributes={KEEP: Keep.SAGA}) as root:
        # Other processes send their spans of a request long before the request's own span.
        with tracer.start_as_current_span("part"):
            pass
        await asyncio.sleep(LONG_REQUEST_SECONDS)
    trace_id = format_trace_id(root.get_span_context().trace_id)

    async def kept() -> bool:
        return is_kept(jaeger, trace_id)

    await eventually(kept, True)


async def test_jaeger_reads_its_service_figures_from_prometheus(
    watched_system: RunningSystem, tracer: Tracer, service: str
) -> None:
    send_trace(tracer)

    async def latencies() -> bool:
        send_trace(tracer)
        url = watched_system.stack.layout.url("jaeger")
        async with watched_system.client(url) as client:
            query = {"service": service, "quantile": "0.95", "spanKind": "internal"}
            answer = await client.get("/api/metrics/latencies", params=query)
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["metrics"])

    await eventually(latencies, True, within_seconds=60)
