"""A real API and worker process over HTTP: readiness, metrics, keep-alive connections."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.ports import find_free_ports
from service_kit.http.api_keys import ensure_key
from service_kit.http.health import find_broker_fault
from tests.fixtures.http import open_client
from tests.fixtures.postgres import ROOT
from tests.fixtures.waiting import eventually


@pytest.fixture
async def served(notes_url: str, notes_engine: AsyncEngine) -> AsyncIterator[httpx.AsyncClient]:
    """Run the API as a process of its own, because the tests' process has other metrics."""
    async with notes_engine.begin() as connection:
        await ensure_key(connection, "manager", "manager", "test")
    async with notes_process("api", notes_url) as client:
        await eventually(partial(status_of, client, "/health/ready"), 200)
        yield client


@pytest.fixture
async def served_worker(notes_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a worker whose broker is away."""
    nobody = f"127.0.0.1:{find_free_ports()['kafka']}"
    async with notes_process("worker", notes_url, KAFKA_BOOTSTRAP_SERVERS=nobody) as client:
        await eventually(partial(status_of, client, "/health/live"), 200)
        yield client


@asynccontextmanager
async def notes_process(
    name: str, database_url: str, **environment: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Run `python -m tests.service_kit.notes_app <name>` on a free port until the block ends."""
    port = str(find_free_ports()["sales-api"])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.service_kit.notes_app",
        name,
        cwd=ROOT,
        env=os.environ | environment | {"DATABASE_URL": database_url, "HTTP_PORT": port},
    )
    headers = {"x-token": "manager"}
    try:
        async with open_client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def status_of(client: httpx.AsyncClient, path: str) -> int:
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return 0


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    page = (await client.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def counted(handler: str, status: str, method: str) -> tuple[str, frozenset[tuple[str, str]]]:
    labels = {"handler": handler, "status": status, "method": method}
    return "http_requests_total", frozenset(labels.items())


async def test_requests_are_counted_and_timed_by_route_template(served: httpx.AsyncClient) -> None:
    await served.get("/notes/7/bug")
    await served.get("/notes/8/bug")
    await served.post("/notes", json={"id": 1})
    await served.get("/notes")
    await served.get("/notes/")
    head = await served.head("/notes")
    await served.get("/wp-admin/1")
    await served.get("/wp-admin/2")
    await served.delete("/notes")

    seen = await samples(served)

    assert seen[counted("/notes/{note_id}/bug", "500", "GET")] == 2
    assert seen[counted("/notes", "201", "POST")] == 1
    assert seen[counted("/notes", "200", "GET")] == 2
    assert (head.content, seen[counted("/notes", "200", "HEAD")]) == (b"", 1)
    assert seen[counted("none", "404", "GET")] == 2
    by_handler = frozenset({("handler", "/notes/{note_id}/bug")})
    assert seen["http_request_duration_seconds_count", by_handler] == 2
    assert seen["http_request_duration_seconds_sum", by_handler] > 0
    assert seen["http_request_duration_seconds_bucket", by_handler | {("le", "+Inf")}] == 2
    assert seen["process_cpu_seconds_total", frozenset()] > 0


async def test_the_http_metrics_have_the_promised_labels_and_no_other(
    served: httpx.AsyncClient,
) -> None:
    await served.get("/notes")

    labels: dict[str, set[str]] = {}
    for name, values in await samples(served):
        if name.startswith("http_") and not name.endswith("_created"):
            labels.setdefault(name, set()).update(label for label, _ in values)

    assert labels == {
        "http_requests_total": {"handler", "status", "method"},
        "http_requests_shed_total": {"reason"},
        "http_requests_limited_total": {"limit"},
        "http_request_bodies_bytes": set(),
        "http_requests_waiting": set(),
        "http_waits_refused_total": set(),
        "http_request_duration_seconds_bucket": {"handler", "le"},
        "http_request_duration_seconds_count": {"handler"},
        "http_request_duration_seconds_sum": {"handler"},
        "http_request_stage_seconds_bucket": {"handler", "stage", "le"},
        "http_request_stage_seconds_count": {"handler", "stage"},
        "http_request_stage_seconds_sum": {"handler", "stage"},
    }


async def test_a_bug_does_not_close_the_connection_of_its_caller(served: httpx.AsyncClient) -> None:
    # If the server closed it, a proxy would lose the next request that it sends on it.
    async with open_client(base_url=served.base_url, headers=served.headers) as client:
        for _ in range(20):
            assert (await client.get("/notes/7/bug")).status_code == 500


async def test_a_worker_says_that_its_broker_is_away(served_worker: httpx.AsyncClient) -> None:
    ready = await served_worker.get("/health/ready")

    assert ready.status_code == 503
    assert list(ready.json()["missing"]) == ["kafka"]


async def test_a_broker_that_hangs_is_away() -> None:
    callers: list[asyncio.StreamWriter] = []

    def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    fault = await find_broker_fault(address)

    assert fault is not None
    assert address in fault
    assert callers
    for writer in callers:
        writer.close()
    server.close()


async def test_a_worker_tells_of_its_probes_by_the_same_names(
    served_worker: httpx.AsyncClient,
) -> None:
    await served_worker.get("/health/ready")

    seen = await samples(served_worker)

    assert seen[counted("/health/ready", "503", "GET")] == 1
    assert not [name for name, _ in seen if name.startswith("http_server")]


async def test_a_worker_tells_the_size_of_its_outbox(
    served_worker: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async def told() -> float:
        return (await samples(served_worker)).get(("outbox_size_bytes", frozenset()), 0)

    async with notes_engine.connect() as connection:
        size = await connection.execute(text("SELECT pg_total_relation_size('outbox')"))
        await eventually(told, float(size.scalar_one()))
