"""The seed's way: the same answers by GROUP BY and JOIN over the sale lines, each time anew."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import asyncpg
import psutil

from infra.tools.measure.bench.processes import cpu_seconds

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
_STORE_REPORT = (_STORES,)
STATEMENTS: Mapping[str, Sequence[str]] = {
    "/api/ventes/rapport": _SALES_REPORT,
    "/api/performance/global": _SALES_REPORT,
    "/api/rapports/ventes": _STORE_REPORT,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What an answer cost PostgreSQL, and figures to compare it by."""

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
    """What one of the original's endpoints asks PostgreSQL for."""
    bounds = (start or date.min, end or date.max)

    async def ask() -> list[list[Any]]:
        return [await _fetch(connection, each, bounds) for each in STATEMENTS[path]]

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
    """CPU seconds of the backend for one answer, and the answer."""
    # One process: the CPU time of parallel workers would be lost with them.
    await connection.execute("SET max_parallel_workers_per_gather = 0; SET jit = off")
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    repeated, used = 0, 0.0
    before = cpu_seconds([backend])
    # Often enough for the clock, which ticks a hundred times a second.
    while used < LEAST_CPU_SECONDS:
        answered = await ask()
        repeated += 1
        used = cpu_seconds([backend]) - before
    return used / repeated, answered


async def _fetch(
    connection: "asyncpg.Connection[asyncpg.Record]", statement: str, bounds: tuple[date, date]
) -> list[Any]:
    # The planner is told the dates, as by a client that sends them in its text.
    with_dates = statement.replace("$1", f"'{bounds[0]}'").replace("$2", f"'{bounds[1]}'")
    return list(await connection.fetch(with_dates, timeout=None))
