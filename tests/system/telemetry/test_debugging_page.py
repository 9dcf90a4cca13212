"""Every recipe of docs/debugging.md works as it stands, on a running system with traffic."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import httpx
import pytest

from infra.tools.local.layout import SERVICES
from infra.tools.operate.traces.jaeger import Jaeger, NoSuchTrace, Search
from tests.fixtures.chain import Chain, open_chain
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually
from tests.system.telemetry.debugging_page import ASK, BLOCKS, COMMANDS, PLACES, TAGS, Shell

# A rate needs two scrapes, 5 s apart, before the asked minute.
WITHIN_SECONDS = 90.0
TRACE = "97bd8fb3bb2f3fc785cf5373c0a079a8"
# Longer than the other reports, so that it is listed first; shorter than the time limit of a lock.
SLOW_SECONDS = 1.0

# What the output of a block holds, by the first words of the block.
SHOWS = {
    "ask 'ALERTS": [],
    "ask 'sum by (handler)": ["/api/ventes/rapport", "'status': '503'", "'job': 'stock-worker'"],
    "ask 'sum by (stage)": ["'stage': 'sql'", "'stage': 'queue'"],
    "make slow": [
        f"ms 200 GET /api/ventes/rapport +{TRACE}",
        rf"trace {TRACE}: \d+ spans",
        r"report-api, \d+\.\d+ ms: SELECT",
    ],
    "curl -sG": [rf"{TRACE} \(-\d+, '"],
    'grep -rn --include=*.py "on_hand': ["report-service/report_service/db/.*stock_levels"],
    "ID=": ["Scan .*stock_levels"],
    'grep -rn --include=*.py "INDEX': [
        "CREATE INDEX.* stock_levels_ruptures",
        '"stock_levels_ruptures" btree',
    ],
    "ask 'max by (job, db_client": ["'job': 'sales-api'", "application_name .* blocked_by"],
    "grep -rh TRACE_ID": ["database unavailable"],
    "curl -s -H": [r'"retard_ms":\d+'],
}
# The reports that have waited for a lock for so long.
WAITING = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = 'report' AND wait_event_type = 'Lock' AND query LIKE '%json_build_object%'
        AND clock_timestamp() - query_start >= $1
"""
EXPLAINABLE = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Nothing is tried again while the databases answer.
MAY_BE_EMPTY = {"retries"}
# These tests' stack is started and stopped, `slow` and `trace` are in blocks, and
# test_demo_faults.py plants the faults.
TRIED_ELSEWHERE = {"make up", "make down", "make slow", "make trace", "make demo-fault NAME=…"}


@pytest.fixture(scope="module")
def shell(busy_system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell.open(busy_system.stack.layout, tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def jaeger(busy_system: RunningSystem) -> Jaeger:
    return Jaeger(busy_system.stack.layout.url("jaeger"))


async def ask_for_a_blocked_report(
    system: RunningSystem,
    best_sellers: int,
    is_over: Callable[[asyncpg.Connection, "asyncio.Task[httpx.Response]"], Awaitable[bool]],
) -> httpx.Response:
    """Ask for a report that nobody has asked for, with a locked table until `is_over`."""
    dsn = system.stack.layout.admin_url.replace("+asyncpg", "").replace("/postgres", "/report")
    locker, watcher = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        async with open_chain(system) as chain:
            async with locker.transaction():
                await locker.execute("LOCK TABLE stock_levels IN ACCESS EXCLUSIVE MODE")
                url = f"/api/ventes/rapport?limite={best_sellers}"
                asked = asyncio.create_task(chain.report.get(url))
                await eventually(partial(is_over, watcher, asked), True)
            return await asked
    finally:
        await locker.close()
        await watcher.close()


@pytest.fixture(scope="module")
async def slow_report(busy_system: RunningSystem, jaeger: Jaeger) -> str:
    """Return the trace of a report whose statement has waited for a lock."""

    async def has_waited(watcher: asyncpg.Connection, _: object) -> bool:
        return bool(await watcher.fetch(WAITING, timedelta(seconds=SLOW_SECONDS)))

    answer = await ask_for_a_blocked_report(busy_system, 7, has_waited)
    assert answer.status_code == 200, answer.text
    [trace_id] = re.findall(r"00-([0-9a-f]{32})-", answer.headers["server-timing"])

    async def is_kept() -> bool:
        try:
            return bool(jaeger.read_trace(trace_id).spans)
        except NoSuchTrace:
            return False

    await eventually(is_kept, True)
    return str(trace_id)


@pytest.fixture(scope="module")
async def failed_report(busy_system: RunningSystem) -> str:
    """Return the `trace_id` of a report whose session was ended."""

    async def is_refused(
        watcher: asyncpg.Connection, asked: "asyncio.Task[httpx.Response]"
    ) -> bool:
        await watcher.fetch(f"SELECT pg_terminate_backend(pid) FROM ({WAITING})", timedelta(0))
        return asked.done()

    answer = await ask_for_a_blocked_report(busy_system, 8, is_refused)
    assert answer.status_code == 503, answer.text
    return str(answer.json()["trace_id"])


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[:24].replace("\n", " "))
async def test_each_block_shows_what_the_page_says(
    shell: Shell, slow_report: str, failed_report: str, block: str
) -> None:
    [shown] = [shown for words, shown in SHOWS.items() if block.startswith(words)]

    async def missing() -> list[str]:
        done = await asyncio.to_thread(
            shell.run, ASK + block, {TRACE: slow_report, "TRACE_ID": failed_report}
        )
        assert (done.returncode, done.stderr) == (0, "")
        printed = done.stdout.replace(slow_report, TRACE)
        return [sought for sought in shown if not re.search(sought, printed)]

    await eventually(missing, list[str](), WITHIN_SECONDS)


async def test_every_statement_of_a_trace_can_be_explained_as_it_stands(
    busy_system: RunningSystem, jaeger: Jaeger
) -> None:
    refused = []
    statements = set[str]()
    layout = busy_system.stack.layout
    for database in SERVICES:
        dsn = layout.admin_url.replace("+asyncpg", "").replace("/postgres", f"/{database}")
        connection = await asyncpg.connect(dsn)
        for statement in list_statements(jaeger, database):
            try:
                # Without arguments asyncpg sends the text as it is, as psql does.
                await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
            except asyncpg.PostgresError as error:
                refused.append(f"{database}: {error}: {statement}")
            statements.add(statement)
        await connection.close()

    assert refused == []
    # Some of each service, and those of the outbox and of the consumers.
    assert len(statements) > 20


def list_statements(jaeger: Jaeger, database: str) -> set[str]:
    """Return the texts of the recent statements of a service's processes."""
    now = datetime.now(UTC)
    return {
        span.attributes["db.query.text"]
        for process in (f"{database}-api", f"{database}-worker")
        for operation in EXPLAINABLE
        for trace in jaeger.find_traces(
            Search(process, ("db.operation.name", operation), now - timedelta(minutes=5), now),
            timedelta(0),
            most=50,
        )
        for span in trace.spans
        if span.service == process and span.attributes.get("db.operation.name") in EXPLAINABLE
    }


async def test_each_place_of_a_late_report_answers(shell: Shell) -> None:
    async def silent() -> set[str]:
        found = set()
        for place, expression in PLACES.items():
            done = await asyncio.to_thread(shell.run, f"{ASK}ask '{expression}'")
            assert (done.returncode, done.stderr) == (0, "")
            if not done.stdout:
                found.add(place)
        return found - MAY_BE_EMPTY

    assert len(PLACES) == 6
    await eventually(silent, set[str](), WITHIN_SECONDS)


@pytest.mark.parametrize("command", sorted(COMMANDS - TRIED_ELSEWHERE))
async def test_each_command_in_a_sentence_works(shell: Shell, command: str) -> None:
    # `make logs` follows its file as long as somebody reads.
    done = await asyncio.to_thread(shell.run, f"{command} | head -n 1")

    assert done.returncode == 0
    assert done.stdout


async def test_jaeger_finds_every_tag_of_the_page_and_no_error(
    chain: Chain, jaeger: Jaeger, slow_report: str
) -> None:
    newest: list[str] = []

    async def is_told() -> bool:
        answer = await chain.sales.get("/api/ventes/", params={"limite": 1})
        # The traffic fills the pools again and again.
        if answer.is_success:
            newest[:] = [sale["id"] for sale in answer.json()]
        return bool(newest)

    await eventually(is_told, True)
    tags = [(name, value.replace("SALE_ID", newest[0])) for name, value in TAGS]

    async def unknown() -> list[tuple[str, str]]:
        return [tag for tag in tags if find_trace(jaeger, tag) is None]

    await eventually(unknown, list[tuple[str, str]](), WITHIN_SECONDS)
    # The page warns of this one.
    assert find_trace(jaeger, ("error", "true")) is None


def find_trace(jaeger: Jaeger, tag: tuple[str, str]) -> str | None:
    """Return the id of a trace of this run in which a span has the tag."""
    now = datetime.now(UTC)
    for service in jaeger.list_services():
        search = Search(service, tag, now - timedelta(hours=1), now)
        for trace in jaeger.find_traces(search, timedelta(0), most=1):
            return trace.id
    return None
