"""`python -m infra.bench.telemetry [--requests 2000] [--rounds 5]`: what telemetry costs a read.

CPU time of the answering process per request, for a store's stock of twenty products, each variant
in a process of its own, asked in turn so that noise meets all alike; medians over the rounds. The
limit is `infra.bench.bare`. Spans go to a Jaeger where there is one, and else nowhere.
"""

import argparse
import asyncio
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.embedded.layout import DEFAULT_PORTS, ROOT, Layout
from infra.embedded.ports import find_free_ports
from infra.embedded.stack import Stack
from infra.embedded.watchers import installed_ports, traces_environment

PATH = "/api/magasins/1/stock"
PRODUCTS = 20
CONNECTIONS = 32
SERVICE = "stock_service.main"
LIMIT = "bare ASGI, asyncpg, orjson"

_FILL = (
    "INSERT INTO stores VALUES (1, 1, 'Essai', 'Montréal', 'magasin', 'strict', true)",
    f"""INSERT INTO products
    SELECT n, 1, 'SKU' || n, 'Produit ' || n, 'Essais', n, true
    FROM generate_series(1, {PRODUCTS}) AS n""",
    f"""INSERT INTO stock_levels (store_id, product_id, on_hand)
    SELECT 1, n, n FROM generate_series(1, {PRODUCTS}) AS n""",
)


def variants(traces: dict[str, str]) -> dict[str, tuple[str, Mapping[str, str]]]:
    """What runs, and with which settings."""
    return {
        LIMIT: ("infra.bench.bare", {}),
        "metrics, no traces": (SERVICE, {}),
        "metrics, traces of none": (SERVICE, traces | {"OTEL_TRACES_SAMPLER_ARG": "0"}),
        "metrics, traces of one in ten": (SERVICE, traces | {"OTEL_TRACES_SAMPLER_ARG": "0.1"}),
        "metrics, traces of all": (SERVICE, traces),
    }


@asynccontextmanager
async def serve(module: str, environment: Mapping[str, str]) -> AsyncIterator[tuple[str, int]]:
    """The address and the number of a process, as soon as it answers."""
    [port] = find_free_ports(["http"]).values()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        cwd=ROOT,
        env=os.environ | environment | {"HTTP_PORT": str(port), "LOG_LEVEL": "WARNING"},
    )
    try:
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def ask(client: httpx.AsyncClient, requests: int) -> None:
    """So many requests over all connections; every answer is the whole stock."""

    async def one_after_the_other() -> None:
        for _ in range(requests // CONNECTIONS):
            answer = await client.get(PATH)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()) == PRODUCTS

    await asyncio.gather(*(one_after_the_other() for _ in range(CONNECTIONS)))


async def until_it_answers(client: httpx.AsyncClient) -> None:
    """Until a process has started."""
    async with asyncio.timeout(30):
        while True:
            try:
                if (await client.get(PATH)).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def measure(requests: int, rounds: int) -> dict[str, float]:
    """Microseconds of CPU per request of each variant, the median of the rounds."""
    state = Path(tempfile.mkdtemp(prefix="comptoir-bench-"))
    stack = Stack(Layout(state, find_free_ports((*DEFAULT_PORTS, *installed_ports()))))
    layout = stack.layout
    try:
        await stack.start_infrastructure()
        await stack.start_watchers()
        engine = create_async_engine(layout.owner_url("stock"))
        async with engine.begin() as connection:
            for statement in _FILL:
                await connection.execute(text(statement))
        await engine.dispose()
        found: dict[str, list[float]] = {}
        async with AsyncExitStack() as running:
            clients = {}
            for name, (module, further) in variants(traces_environment(layout)).items():
                environment = {"DATABASE_URL": layout.database_url("stock"), **further}
                url, pid = await running.enter_async_context(serve(module, environment))
                client = await running.enter_async_context(
                    httpx.AsyncClient(
                        base_url=url,
                        headers={"x-token": layout.secrets["till"]},
                        # The server closes what was idle for 5 s, as between two rounds.
                        limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=1),
                        timeout=30,
                    )
                )
                await until_it_answers(client)
                await ask(client, 10 * CONNECTIONS)
                clients[name] = client, psutil.Process(pid)
            for _ in range(rounds):
                for name, (client, process) in clients.items():
                    before = process.cpu_times()
                    await ask(client, requests)
                    after = process.cpu_times()
                    used = after.user + after.system - before.user - before.system
                    asked = requests // CONNECTIONS * CONNECTIONS
                    found.setdefault(name, []).append(used / asked * 1e6)
        return {name: statistics.median(each) for name, each in found.items()}
    finally:
        await asyncio.to_thread(stack.stop)
        shutil.rmtree(state)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="python -m infra.bench.telemetry")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    microseconds = asyncio.run(measure(arguments.requests, arguments.rounds))
    print(f"{'':32}{'µs CPU per request':>20}{'× the limit':>14}")
    for name, each in microseconds.items():
        print(f"{name:32}{each:20,.0f}{each / microseconds[LIMIT]:14.2f}")


if __name__ == "__main__":
    main()
