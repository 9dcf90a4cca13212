"""Answer as the original did: by GROUP BY and JOIN over the sale lines, each time anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import asyncpg
import psutil

from infra.tools.measure.bench.processes import Meter

T = TypeVar("T")
LEAST_CPU_SECONDS = 0.3

_STORES = """
    SELECT m.id, m.nom, count(*) AS nombre, sum(v.total_cents) AS total
    FROM seed.ventes AS v JOIN seed.magasins AS m ON m.id = v.magasin_id
    WHERE v.date BETWEEN $1 AND $2 GROUP BY m.id, m.nom ORDER BY m.id
"""
_PRODUCTS = """
    SELECT p.id, p.nom, p.categorie, sum(l.quantite) AS quantite, sum(l.montant_cents) AS total
    FROM seed.lignes_vente AS l JOIN seed.ventes AS v ON v.id = l.vente_id
    JOIN seed.produits AS p ON p.id = l.produit_id
    WHERE v.date BETWEEN $1 AND $2
    GROUP BY p.id, p.nom, p.categorie ORDER BY quantite DESC, p.id LIMIT 10
"""
_DAYS = """
    SELECT v.date, sum(v.total_cents) AS total FROM seed.ventes AS v
    WHERE v.date BETWEEN $1 AND $2 GROUP BY v.date ORDER BY v.date DESC LIMIT 366
"""
_ALERTS = """
    SELECT p.id, p.nom, s.quantite, m.id, m.nom
    FROM seed.stocks AS s JOIN seed.produits AS p ON p.id = s.produit_id
    JOIN seed.magasins AS m ON m.id = s.magasin_id
    WHERE s.quantite {} LIMIT 100
"""
_SALES_REPORT = (_STORES, _PRODUCTS, _DAYS, _ALERTS.format("<= 0"), _ALERTS.format("> 50"))
STATEMENTS = {
    "/api/ventes/rapport": _SALES_REPORT,
    "/api/performance/global": _SALES_REPORT,
    "/api/rapports/ventes": (_STORES,),
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer cost PostgreSQL, and the figures that our answer must also have."""

    cpu_seconds: float
    sales_count: int
    total_cents: int
    best_sellers: list[int]


async def answer(
    connection: "asyncpg.Connection[asyncpg.Record]",
    path: str,
    start: date | None,
    end: date | None,
) -> Answered:
    """Run the statements of one of the original's endpoints."""
    # Dates in the text: the planner knows them, as it did for the original.
    first, last = f"'{start or date.min}'", f"'{end or date.max}'"
    statements = [each.replace("$1", first).replace("$2", last) for each in STATEMENTS[path]]

    async def ask() -> list[list[Any]]:
        return [list(await connection.fetch(each, timeout=None)) for each in statements]

    used, lists = await repeat(connection, ask)
    return Answered(
        cpu_seconds=used,
        sales_count=sum(row["nombre"] for row in lists[0]),
        total_cents=sum(row["total"] for row in lists[0]),
        best_sellers=[row["id"] for row in lists[1]] if len(lists) > 1 else [],
    )


async def repeat(
    connection: "asyncpg.Connection[asyncpg.Record]", ask: Callable[[], Awaitable[T]]
) -> tuple[float, T]:
    """Return the backend's CPU seconds for one answer, and the answer."""
    # No parallel workers: their CPU time would be lost when they end.
    await connection.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    repeated, used = 0, 0.0
    meter = Meter({"backend": [backend]})
    # The clock of CPU time ticks every 10 ms, so one answer alone could not be measured.
    while used < LEAST_CPU_SECONDS:
        answered = await ask()
        repeated += 1
        used = meter.read()[1]["backend"]
    return used / repeated, answered


def check_same(ours: dict[str, Any], seed: Answered) -> None:
    """Raise if our answer has other totals or best sellers than the seed's way."""
    stores = ours.get("ventes_par_magasin") or ours["rapport"]
    total = sum(store.get("total", store.get("total_ventes", 0)) for store in stores)
    found = (sum(store["nombre_ventes"] for store in stores), round(total * 100))
    assert found == (seed.sales_count, seed.total_cents), (found, seed)
    best = [product["produit_id"] for product in ours.get("produits", [])]
    assert best == seed.best_sellers[: len(best)], (best, seed.best_sellers)
