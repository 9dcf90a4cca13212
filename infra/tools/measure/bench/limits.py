"""The limits beside the reads: `infra.tools.measure.bench.bare` on the same databases."""

from collections.abc import Mapping
from contextlib import AsyncExitStack

from infra.tools.measure.bench.lab import Lab, on_database
from infra.tools.measure.bench.processes import Served, serve
from infra.tools.measure.bench.questions import (
    LARGE_STOCK,
    LARGE_STORE,
    SMALL_STORE,
    Question,
    Target,
    ask,
    get,
    keep_answers,
)

ROWS_LIMIT = "limit: 20 rows"
UNCHANGED_LIMIT = "limit: 304 without a database"


async def serve_limits(
    lab: Lab, running: AsyncExitStack, stocks: Served, stock: str
) -> list[Target]:
    """Those of the stock: its rows, its answer lying ready, and a 304."""
    key = lab.layout.secrets["till"]
    large = await ask(stocks, LARGE_STOCK, key)
    bare = await _serve(lab, running, "stock", stock, {"large": large.content})
    asked = {
        ROWS_LIMIT: f"/rows/{SMALL_STORE}",
        "limit: 2,000 rows": f"/rows/{LARGE_STORE}",
        "limit: 2,000 rows ready in a row": "/ready/large",
        "limit: 2,000 rows in memory": "/memory/large",
    }
    targets = [Target(name, 0, bare, get(path, key)) for name, path in asked.items()]
    return [*targets, Target(UNCHANGED_LIMIT, 0, bare, get("/unchanged", key), 304)]


async def serve_report_limits(
    lab: Lab, running: AsyncExitStack, report: Served, database: str, question: Question
) -> list[Target]:
    """Those of a report: its answer lying ready in a row, and in memory."""
    key = lab.layout.secrets["head-office"]
    answer = await ask(report, question.target, key)
    bare = await _serve(lab, running, "report", database, {"report": answer.content})
    asked = {
        "limit: the report ready in a row": "/ready/report",
        "limit: the report in memory": "/memory/report",
    }
    return [Target(name, 0, bare, get(path, key)) for name, path in asked.items()]


async def _serve(
    lab: Lab, running: AsyncExitStack, service: str, database: str, answers: Mapping[str, bytes]
) -> Served:
    connection = await lab.connect(database)
    await keep_answers(connection, answers)
    await connection.close()
    # The administrator: nobody has given the service's role a right on the benchmark's table.
    url = on_database(lab.layout.admin_url, database)
    return await running.enter_async_context(
        serve("infra.tools.measure.bench.bare", {"DATABASE_URL": url})
    )
