"""The instrumentation makes the span of a request, and our middleware completes it."""

from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from opentelemetry.metrics import NoOpMeter
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit.http.problems import Problem
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import observe_requests
from service_kit.telemetry.metrics import NO_NATIVE_TELEMETRY, Metrics
from service_kit.telemetry.tracing import Tracing
from tests.fixtures.collector import Collector, attributes_of, collector

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as collected:
        yield collected


@pytest.fixture
def tracing(traces: Collector) -> Iterator[Tracing]:
    """Open a tracing that records only requests with a sampled parent."""
    tracing = Tracing(
        ServiceSettings(
            service_name="any",
            database_url="postgresql+asyncpg://nobody@127.0.0.1/nothing",
            http_port=1,
            otel_exporter_otlp_endpoint=traces.url,
            otel_traces_sampler_arg=0,
        ),
        "any-api",
    )
    yield tracing
    # Its thread would retry after the end of the collector, and draw random pauses meanwhile.
    tracing.close()


class KeptAnswer:
    """Answers one path itself, as the cache of responses does."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/kept":
            await self._app(scope, receive, send)
            return
        scope["route"] = SimpleNamespace(path_format="/{name}")
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"kept"})


@pytest.fixture
async def client(tracing: Tracing) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(telemetry=NO_NATIVE_TELEMETRY)

    @app.get("/stores/{number}")
    async def read_store(number: int, request: Request) -> dict[str, bool]:
        return {"same": request.app is app}

    @app.get("/busy")
    async def refuse() -> Response:
        return Problem.of("overloaded").response("/busy")

    @app.get("/bug")
    async def fail() -> None:
        raise RuntimeError("a bug")

    metrics = HttpMetrics(Metrics(CollectorRegistry(), NoOpMeter("any")))
    observe_requests(app, metrics, tracing, KeptAnswer)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield client


async def test_a_sampled_request_is_named_after_its_route(
    client: httpx.AsyncClient, tracing: Tracing, traces: Collector
) -> None:
    answer = await client.get("/stores/7", headers={"traceparent": TRACEPARENT})
    tracing.provider.shutdown()

    assert answer.json() == {"same": True}
    [span] = traces.trace(TRACE_ID)
    assert span.name == "GET /stores/{number}"
    assert attributes_of(span)["http.route"] == "/stores/{number}"
    assert span.span_id.hex() in answer.headers["server-timing"]


async def test_an_answer_from_before_the_instrumentation_has_a_span_in_its_parents_trace(
    client: httpx.AsyncClient, tracing: Tracing, traces: Collector
) -> None:
    answer = await client.get("/kept", headers={"traceparent": TRACEPARENT})
    await client.get("/kept", headers={"traceparent": TRACEPARENT.removesuffix("01") + "00"})
    await client.get("/kept")
    tracing.provider.shutdown()

    [span] = traces.spans
    assert span.trace_id.hex() == TRACE_ID
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"
    assert span.span_id.hex() in answer.headers["server-timing"]
    assert span.name == "GET /{name}"
    assert attributes_of(span).keys() == {
        *("http.request.method", "http.response.status_code", "http.route", "url.path"),
        *("comptoir.stage.queue", "comptoir.stage.application", "comptoir.stage.send"),
        "comptoir.keep",
    }


async def test_an_unsampled_parent_gives_the_trace_and_records_nothing(
    client: httpx.AsyncClient, tracing: Tracing, traces: Collector
) -> None:
    unsampled = TRACEPARENT.removesuffix("01") + "00"

    answer = await client.get("/stores/7", headers={"traceparent": unsampled})
    tracing.provider.shutdown()

    assert f"00-{TRACE_ID}-" in answer.headers["server-timing"]
    assert traces.spans == []


async def test_the_code_of_a_problem_is_on_the_span_whether_it_is_sampled_or_not(
    client: httpx.AsyncClient, tracing: Tracing, traces: Collector
) -> None:
    await client.get("/busy", headers={"traceparent": TRACEPARENT})
    answer = await client.get("/busy")
    tracing.provider.shutdown()

    codes = [attributes_of(span)["comptoir.problem"] for span in traces.spans]
    assert codes == [answer.json()["code"]] * 2


async def test_a_bug_is_recorded_once_whether_it_is_sampled_or_not(
    client: httpx.AsyncClient, tracing: Tracing, traces: Collector
) -> None:
    sampled = await client.get("/bug", headers={"traceparent": TRACEPARENT})
    other = await client.get("/bug")
    assert {sampled.status_code, other.status_code} == {500}
    tracing.provider.shutdown()

    assert len(traces.spans) == 2
    for span, answer in zip(traces.spans, (sampled, other), strict=True):
        assert span.span_id.hex() in answer.headers["server-timing"]
        assert span.name == "GET /bug"
        assert attributes_of(span)["error.type"] == "500"
        assert attributes_of(span)["comptoir.keep"] == "error"


@pytest.mark.parametrize("name", ["host", "user-agent", "tracestate"])
async def test_a_header_that_the_instrumentation_cannot_read_fails_no_request(
    client: httpx.AsyncClient, name: str
) -> None:
    headers = [(b"traceparent", TRACEPARENT.encode()), (name.encode(), b"\xff\\u1")]

    assert (await client.get("/stores/7", headers=headers)).status_code == 200
