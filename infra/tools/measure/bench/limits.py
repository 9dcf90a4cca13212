"""Serve the limits of the reads: `bare`, on the same database and with our own answers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.tools.measure.bench.comparing import Target
from infra.tools.measure.bench.lab import Lab, on_database
from infra.tools.measure.bench.load import Request, ask, get
from infra.tools.measure.bench.processes import serve
from infra.tools.measure.bench.stock_tables import LARGE_STORE, SMALL_STORE

ROWS, UNCHANGED = "limit: 20 rows", "limit: 304 without a database"


@asynccontextmanager
async def serve_limits(
    lab: Lab, stock_database: str, answers: Mapping[str, Request]
) -> AsyncIterator[list[Target]]:
    """Serve rows, a 304, and our answers from memory; the first target is what others divide by."""
    with TemporaryDirectory() as folder:
        for name, request in answers.items():
            (Path(folder) / name).write_bytes((await ask(request)).content)
        environment = {
            "DATABASE_URL": on_database(lab.layout.database_url("stock"), stock_database),
            "ANSWERS": folder,
        }
        async with serve("infra.tools.measure.bench.bare", environment) as bare:

            def target(name: str, path: str, status: int = 200) -> Target:
                return Target(name, bare, [get(bare.url(path), "none")], status)

            yield [
                target(ROWS, f"/rows/{SMALL_STORE}"),
                target(UNCHANGED, "/unchanged", 304),
                target("limit: 2,000 rows", f"/rows/{LARGE_STORE}"),
                *[target(f"limit: {name} in memory", f"/memory/{name}") for name in answers],
            ]
