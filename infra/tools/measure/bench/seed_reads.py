"""Answer as the original did: by GROUP BY and JOIN over the sale lines, each time anew."""

from typing import Any

import asyncpg
import psutil

from infra.tools.measure.bench.filling import read_script
from infra.tools.measure.bench.lab import Connection
from infra.tools.measure.bench.processes import Meter

LEAST_CPU_SECONDS = 0.3

Rows = list[asyncpg.Record]


async def answer(connection: Connection, script: str, **values: object) -> tuple[float, list[Rows]]:
    """Return the backend's CPU seconds for one answer, and the rows of each statement."""
    # No parallel workers: their CPU time would be lost when they end.
    await connection.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    statements = read_script(script, **values).split(";")
    repeated, used = 0, 0.0
    meter = Meter({"backend": [backend]})
    # The clock of CPU time ticks every 10 ms, so one answer alone could not be measured.
    while used < LEAST_CPU_SECONDS:
        rows = [await connection.fetch(each) for each in statements]
        repeated += 1
        used = meter.read_cpu_seconds()["backend"]
    return used / repeated, rows


def check_same(ours: Any, seed: list[Rows]) -> None:
    """Raise if our answer has other levels, totals or best sellers than the seed's way."""
    if isinstance(ours, list):
        levels = [row["quantite_stock"] for row in seed[0]]
        assert [each["quantite_stock"] for each in ours] == levels
        return
    stores = ours.get("ventes_par_magasin") or ours["rapport"]
    total = sum(store.get("total", store.get("total_ventes", 0)) for store in stores)
    found = (sum(store["nombre_ventes"] for store in stores), round(total * 100))
    expected = (sum(row["nombre"] for row in seed[0]), sum(row["total"] for row in seed[0]))
    assert found == expected, (found, expected)
    if products := ours.get("produits"):
        best = [row["id"] for row in seed[1]]
        assert [each["produit_id"] for each in products] == best[: len(products)]
