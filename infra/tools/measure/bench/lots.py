"""Part `lots`: ten thousand movements in one request, and how long sales wait meanwhile.

Strict sales and lots are of the same stores and products, so each sale needs levels that a lot
locks. A sale that has a moment in common with a lot counts for `while a lot runs`; the others of
the same run are what it is compared with.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import httpx

from infra.tools.measure.bench import live
from infra.tools.measure.bench.filling import PRODUCTS
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.load import STRICT, Request
from infra.tools.measure.tables import Row, Tables

SALES_PER_SECOND = 20.0
LOTS = 10  # in each round, of all products of the first strict stores
STORES = STRICT[:5]
PAUSE_SECONDS = 3.0  # of sales without a lot, before each lot and at the end
MOST_SECONDS = 60
_PERCENTILES = {"p50 ms": 49, "p95 ms": 94, "p99 ms": 98}


@dataclass(frozen=True, slots=True)
class Span:
    """When a request began and when its answer came, in seconds of one clock."""

    begun: float
    ended: float

    @property
    def milliseconds(self) -> float:
        return (self.ended - self.begun) * 1000

    def meets(self, others: Sequence["Span"]) -> bool:
        return any(self.begun < each.ended and each.begun < self.ended for each in others)


async def measure_lots(lab: Lab, effort: Effort) -> Tables:
    """Sell at a steady rate and post lots between pauses; return what both took."""
    await live.start(lab)
    tills = cycle(live.sell(lab, range(STORES[0], STORES[-1] + 1)))
    # Connections, prepared statements, and Kafka's code until it is compiled.
    await _run(lab, tills, 1)
    sales, lots = await _run(lab, tills, LOTS * effort.rounds)
    during = [each for each in sales if each.meets(lots)]
    alone = [each for each in sales if not each.meets(lots)]
    tables = {"without a lot": _percentiles(alone), "while a lot runs": _percentiles(during)}
    rows: list[Row] = [{"": name, **figures} for name, figures in tables.items()]
    ratio = tables["while a lot runs"]["p95 ms"] / tables["without a lot"]["p95 ms"]
    seconds = [each.milliseconds / 1000 for each in lots]
    of_lots: Row = {
        "movements of a lot": len(STORES) * PRODUCTS,
        "lots": len(lots),
        "median s": median(seconds),
        "max s": max(seconds),
        "p95 of sales ÷ without": ratio,
    }
    return {"lots": [of_lots], "sales": rows}


async def _run(lab: Lab, tills: Any, count: int) -> tuple[list[Span], list[Span]]:
    """Sell until so many lots are posted; return the spans of the sales and of the lots."""
    key = {"x-token": lab.layout.secrets["head-office"]}
    url = f"{lab.layout.url('stock-api')}/api/stock/mouvements/lots"
    body, as_json = _lot_body(), {"content-type": "application/json"}
    lots: list[Span] = []
    limits = httpx.Limits(max_connections=200)
    async with (
        httpx.AsyncClient(timeout=MOST_SECONDS, limits=limits) as client,
        httpx.AsyncClient(timeout=MOST_SECONDS, headers=key | as_json) as office,
    ):
        is_over = asyncio.Event()
        selling = asyncio.create_task(_sell(client, tills, is_over))
        for _ in range(count):
            await asyncio.sleep(PAUSE_SECONDS)
            lots.append(await _time(office, Request("POST", url, {}, body)))
        await asyncio.sleep(PAUSE_SECONDS)
        is_over.set()
        return await selling, lots


async def _sell(client: httpx.AsyncClient, tills: Any, is_over: asyncio.Event) -> list[Span]:
    """Begin sales at the rate, whether or not the earlier ones are answered."""
    loop = asyncio.get_running_loop()
    began, running = loop.time(), []
    while not is_over.is_set():
        running.append(asyncio.create_task(_time(client, next(tills))))
        await asyncio.sleep(began + len(running) / SALES_PER_SECOND - loop.time())
    return await asyncio.gather(*running)


async def _time(client: httpx.AsyncClient, request: Request) -> Span:
    """Return when a request was sent and answered; raise when the answer is not 201."""
    begun = perf_counter()
    answer = await client.request(
        request.method, request.url, headers=dict(request.headers), content=request.body
    )
    if answer.status_code != httpx.codes.CREATED:
        raise AssertionError(f"{request.url}: {answer.status_code} {answer.text[:500]}")
    return Span(begun, perf_counter())


def _lot_body() -> str:
    lines = [
        {"magasin_id": store, "produit_id": product, "quantite": 1}
        for store in STORES
        for product in range(1, PRODUCTS + 1)
    ]
    return json.dumps({"type": "reception", "lignes": lines})


def _percentiles(spans: Sequence[Span]) -> dict[str, float]:
    cuts = quantiles([each.milliseconds for each in spans], n=100, method="inclusive")
    return {"sales": len(spans), **{name: cuts[place] for name, place in _PERCENTILES.items()}}
