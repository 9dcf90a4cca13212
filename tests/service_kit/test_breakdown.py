"""The stages of a request, in the metrics, in its answer and in its trace."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.api_keys import ensure_key
from tests.fixtures.collector import Collector, attributes_of, collector
from tests.fixtures.http import open_client
from tests.fixtures.processes import ServiceProcess, service_process
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.integration

# The instrumentation adds these: both ends of the connection.
OF_THE_CLIENT = {"client.address", "client.port", "server.address", "server.port"}
OF_THE_CLIENT |= {"user_agent.original"}
HANDLER = "/notes"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
# The key is not cached yet, so the process asks the database.
NEW_CALLER = {"x-token": "head-office", "traceparent": TRACEPARENT}


@pytest.fixture
def traces() -> Iterator[Collector]:
    with collector() as collected:
        yield collected


@asynccontextmanager
async def serve_notes(
    url: str, engine: AsyncEngine, traces: Collector, **environment: str
) -> AsyncIterator[ServiceProcess]:
    async with engine.begin() as connection:
        for role in ("manager", "head-office"):
            await ensure_key(connection, role, role, "test")
    environment |= {"DATABASE_URL": url, "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url}
    async with service_process(
        "tests.service_kit.notes_app", "api", DATABASE_POOL_SIZE="2", **environment
    ) as process:
        await eventually(process.is_ready, True)
        yield process


@pytest.fixture
async def notes(
    notes_url: str, notes_engine: AsyncEngine, traces: Collector
) -> AsyncIterator[ServiceProcess]:
    async with serve_notes(notes_url, notes_engine, traces) as process:
        yield process


@asynccontextmanager
async def open_notes(notes: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with open_client(
        base_url=notes.url, headers={"x-token": "manager"}, timeout=30
    ) as client:
        # The first connection of each pool asks the server for its version and settings.
        await client.post(HANDLER, json={"id": 1000})
        await client.get(HANDLER)
        yield client


@pytest.fixture
async def client(notes: ServiceProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with open_notes(notes) as client:
        yield client


async def seconds_by_stage(notes: ServiceProcess, handler: str) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for labels, value in await notes.samples("http_request_stage_seconds_sum"):
        if labels["handler"] == handler:
            found[labels["stage"]] += value
    return dict(found)


async def test_the_stages_of_requests_add_up_to_their_durations(
    notes: ServiceProcess, client: httpx.AsyncClient
) -> None:
    await asyncio.gather(*(client.post(HANDLER, json={"id": n}) for n in range(1, 40)))
    await asyncio.gather(*(client.get(HANDLER) for _ in range(40)))

    stages = await seconds_by_stage(notes, HANDLER)
    [total] = [
        value
        for labels, value in await notes.samples("http_request_duration_seconds_sum")
        if labels["handler"] == HANDLER
    ]
    assert sum(stages.values()) == pytest.approx(total, rel=1e-6)
    assert stages.keys() == {
        *("queue", "authentication", "pool", "sql"),
        *("application", "serialisation", "send"),
    }
    assert min(stages.values()) > 0


async def test_time_is_counted_where_it_was_spent(
    notes: ServiceProcess, client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    slow = {"id": 1, "after": ["SELECT pg_sleep(1.2)"]}
    async with notes_engine.connect() as holder:
        # The write pool has one connection: the second request waits for the first.
        first, second = await asyncio.gather(
            client.post(HANDLER, json=slow), client.post(HANDLER, json={"id": 2})
        )
        assert (await holder.execute(text("SELECT count(*) FROM notes"))).scalar_one() == 3

    stages = await seconds_by_stage(notes, HANDLER)
    assert stages["sql"] > 1.2
    assert stages["pool"] > 0.5
    waits = sorted(timing(answer)["pool"] for answer in (first, second))
    assert waits[0] < 500 < waits[1]
    # The client measures the same time by another clock.
    for answer in (first, second):
        assert sum(timing(answer).values()) == pytest.approx(
            answer.elapsed.total_seconds() * 1000, rel=0.05
        )


def timing(answer: httpx.Response) -> dict[str, float]:
    """Return the milliseconds by stage from the header `Server-Timing`."""
    return {
        name: float(duration)
        for name, duration in re.findall(r"(\w+);dur=([\d.]+)", answer.headers["server-timing"])
    }


async def test_an_answer_tells_its_breakdown_and_its_trace(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(HANDLER, headers=NEW_CALLER)
    refused = await client.get("/notes", params={"most": 0})

    assert {"authentication", "pool", "sql", "application"} <= timing(answer).keys()
    assert 0 < sum(timing(answer).values()) <= answer.elapsed.total_seconds() * 1000
    assert f'traceparent;desc="00-{TRACE_ID}-' in answer.headers["server-timing"]
    assert refused.status_code == 422
    assert refused.json()["trace_id"] in refused.headers["server-timing"]


async def test_a_request_is_a_trace_with_a_span_for_each_statement(
    client: httpx.AsyncClient, traces: Collector
) -> None:
    slow = {"id": 7, "after": ["SELECT pg_sleep(0.5)"]}
    await client.post(HANDLER, json=slow, headers=NEW_CALLER)

    async def names() -> list[str]:
        return [span.name for span in traces.trace(TRACE_ID)]

    await eventually(
        names,
        [
            "POST /notes",
            "authentication",
            "SELECT api_keys",
            "INSERT notes",
            "SELECT",
            "COMMIT",
        ],
    )
    spans = {span.name: span for span in traces.trace(TRACE_ID)}
    root = spans["POST /notes"]
    assert root.parent_span_id.hex() == "00f067aa0ba902b7"
    told = attributes_of(root)
    stages = {name for name in told if name.startswith("comptoir.stage.")}
    assert {"comptoir.stage.pool", "comptoir.stage.sql"} <= stages
    assert {name: told[name] for name in told.keys() - stages - OF_THE_CLIENT} == {
        "http.request.method": "POST",
        "url.path": "/notes",
        "url.scheme": "http",
        "network.protocol.version": "1.1",
        "http.route": "/notes",
        "http.response.status_code": 201,
        "comptoir.keep": "slow",
    }
    assert sum(told[name] for name in stages) == pytest.approx(
        (root.end_time_unix_nano - root.start_time_unix_nano) / 1e9, rel=0.05
    )
    insert = attributes_of(spans["INSERT notes"])
    assert insert["db.system.name"] == "postgresql"
    assert insert["db.query.text"] == "INSERT INTO notes VALUES ($1)"
    assert spans["SELECT api_keys"].parent_span_id == spans["authentication"].span_id
    assert spans["INSERT notes"].parent_span_id == root.span_id


async def test_a_wait_for_a_connection_is_a_span(
    client: httpx.AsyncClient, traces: Collector
) -> None:
    slow = {"id": 1, "after": ["SELECT pg_sleep(0.5)"]}
    # The write pool has one connection, so the second request waits for it.
    await asyncio.gather(
        *(
            client.post(HANDLER, json=slow | {"id": number}, headers={"traceparent": TRACEPARENT})
            for number in (1, 2)
        )
    )

    async def names() -> list[str]:
        found = [span.name for span in traces.trace(TRACE_ID)]
        return sorted(name for name in found if name in ("pool", "POST /notes"))

    await eventually(names, ["POST /notes", "POST /notes", "pool"])
    [wait] = [span for span in traces.trace(TRACE_ID) if span.name == "pool"]
    assert wait.end_time_unix_nano - wait.start_time_unix_nano > 0.4e9
    roots = [span.span_id for span in traces.trace(TRACE_ID) if span.name == "POST /notes"]
    assert wait.parent_span_id in roots


async def test_a_statement_that_fails_says_why(
    client: httpx.AsyncClient, traces: Collector
) -> None:
    refused = {"id": 8, "after": ["SELECT 1 / 0"]}
    await client.post(HANDLER, json=refused, headers={"traceparent": TRACEPARENT})

    async def failures() -> dict[str, str]:
        told = {span.name: attributes_of(span) for span in traces.trace(TRACE_ID)}
        codes = {name: each.get("db.response.status_code") for name, each in told.items()}
        return {name: code for name, code in codes.items() if code}

    await eventually(failures, {"SELECT": "22012"})
    [failed] = [span for span in traces.trace(TRACE_ID) if span.name == "SELECT"]
    assert attributes_of(failed)["error.type"] == "22012"
    assert failed.status.code == Status.STATUS_CODE_ERROR


async def test_a_bucket_names_the_trace_of_a_request_that_fell_into_it(
    notes: ServiceProcess, client: httpx.AsyncClient
) -> None:
    await client.get(HANDLER, headers={"traceparent": TRACEPARENT})

    page = await client.get("/metrics", headers={"accept": "application/openmetrics-text"})

    exemplars = [
        sample.exemplar.labels
        for family in text_string_to_metric_families(page.text)  # type: ignore[no-untyped-call]
        for sample in family.samples
        if family.name == "http_request_duration_seconds" and sample.exemplar
    ]
    assert {"trace_id": TRACE_ID} in exemplars


async def test_slow_and_failed_requests_leave_a_span_when_none_are_sampled(
    notes_url: str, notes_engine: AsyncEngine, traces: Collector
) -> None:
    nothing = {"OTEL_TRACES_SAMPLER_ARG": "0", "DATABASE_POOL_TIMEOUT_SECONDS": "0.1"}
    async with (
        serve_notes(notes_url, notes_engine, traces, **nothing) as notes,
        open_notes(notes) as client,
    ):
        slow, refused = await asyncio.gather(
            client.post(HANDLER, json={"id": 1, "after": ["SELECT pg_sleep(0.5)"]}),
            client.post(HANDLER, json={"id": 2}),
        )
        assert {slow.status_code, refused.status_code} == {201, 503}

        async def kept() -> set[tuple[str, int]]:
            told = [attributes_of(span) for span in traces.spans]
            return {(each["comptoir.keep"], each["http.response.status_code"]) for each in told}

        await eventually(kept, {("slow", 201), ("error", 503)})
        assert len(traces.spans) == 2
        failed = [span for span in traces.spans if attributes_of(span)["comptoir.keep"] == "error"]
        assert failed[0].trace_id.hex() == refused.json()["trace_id"]
        assert failed[0].span_id.hex() in refused.headers["server-timing"]
        assert failed[0].parent_span_id == b""
        assert failed[0].status.code == Status.STATUS_CODE_ERROR
        assert attributes_of(failed[0])["comptoir.stage.pool"] > 0.09


async def test_a_failed_request_of_an_unsampled_trace_hangs_below_its_caller(
    notes_url: str, notes_engine: AsyncEngine, traces: Collector
) -> None:
    caller = "b7ad6b7169203331"
    async with (
        serve_notes(notes_url, notes_engine, traces, MOST_REQUESTS="0") as notes,
        open_notes(notes) as client,
    ):
        headers = {"traceparent": f"00-{TRACE_ID}-{caller}-00"}
        refused = await client.post(HANDLER, json={"id": 1}, headers=headers)
        assert refused.status_code == 503

        async def parents() -> list[str]:
            return [span.parent_span_id.hex() for span in traces.trace(TRACE_ID)]

        await eventually(parents, [caller])
