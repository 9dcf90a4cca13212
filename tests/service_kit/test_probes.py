"""Probes and Prometheus are not limited and not traced; a path that only begins like theirs is."""

from collections.abc import Callable

import httpx
import pytest
from opentelemetry.metrics import NoOpMeter
from opentelemetry.trace import Span
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit.database.pool import Pools
from service_kit.http.first_answers import FirstAnswers
from service_kit.http.limits import Admission
from service_kit.http.state import ApiState
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import HttpTelemetry
from service_kit.telemetry.metrics import Metrics
from service_kit.telemetry.server_spans import SPAN
from service_kit.telemetry.tracing import Tracing

METER = NoOpMeter("any")
SETTINGS = ServiceSettings(
    service_name="any",
    database_url="postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
    http_port=1,
    address_rate=0.001,
    address_burst=1,
)
PROBES = ("/metrics", "/health/live", "/health/ready")
OTHERS = ("/metrics/..%2fapi/notes", "/metricsx", "/health/live/notes", "/health/..%2fnotes")
both = pytest.mark.parametrize(
    ("path", "is_probe"), [*((each, True) for each in PROBES), *((each, False) for each in OTHERS)]
)


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def refusing_admission() -> ASGIApp:
    return Admission(answer, most_requests=0, state=ApiState(SETTINGS, METER), pools=Pools(METER))


def limited_address() -> ASGIApp:
    state = ApiState(SETTINGS, METER)
    state.quotas.of_addresses.take("10.1.1.1")
    return FirstAnswers(answer, state)


async def ask(app: ASGIApp, path: str) -> int:
    transport = httpx.ASGITransport(app, client=("10.1.1.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return (await client.get(path)).status_code


@both
@pytest.mark.parametrize(
    ("limited", "refusal"), [(refusing_admission, 503), (limited_address, 429)]
)
async def test_only_probes_pass_every_limit(
    limited: Callable[[], ASGIApp], refusal: int, path: str, is_probe: bool
) -> None:
    assert await ask(limited(), path) == (200 if is_probe else refusal)


@both
async def test_only_probes_have_no_trace(path: str, is_probe: bool) -> None:
    spans: list[Span] = []

    async def note_span(scope: Scope, receive: Receive, send: Send) -> None:
        spans.append(scope[SPAN])
        await answer(scope, receive, send)

    metrics = HttpMetrics(Metrics(CollectorRegistry(), METER))
    await ask(HttpTelemetry(note_span, metrics, Tracing(SETTINGS, "any")), path)

    assert spans[0].get_span_context().is_valid is not is_probe
