"""Part `reads`: what the hot reads cost, at every size, beside their limits and the seed's way."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from infra.bench import seed_way, stock
from infra.bench.changes import begin_changes, report_environment
from infra.bench.comparing import CONNECTIONS, Comparison
from infra.bench.effort import Effort
from infra.bench.fill import fill_sizes, say
from infra.bench.lab import Cost, Lab
from infra.bench.limits import serve_limits, serve_report_limits
from infra.bench.processes import Served, serve
from infra.bench.questions import (
    LARGE_STOCK,
    SMALL_STOCK,
    Question,
    Target,
    ask,
    get,
    report_questions,
)
from report_service.settings import Settings

SALES_PER_SECOND = 50  # while everything changes
SMALL, LARGE, UNCHANGED = "stock, 20 products", "stock, 2,000 products", "stock, unchanged (304)"


async def measure_reads(lab: Lab, effort: Effort) -> dict[str, Any]:
    """The whole part, in databases that it makes and drops."""
    today = datetime.now(Settings.model_fields["chain_timezone"].default).date()
    questions = report_questions(today)
    names = await fill_sizes(lab, effort.sizes, today)
    await stock.fill_stock(lab)
    smallest, largest = min(effort.sizes), max(effort.sizes)
    comparison = Comparison(lab, effort)
    async with AsyncExitStack() as running:
        reports = {
            size: await running.enter_async_context(
                serve("report_service.main", report_environment(lab, name))
            )
            for size, name in names.items()
        }
        stocks = await running.enter_async_context(
            serve("stock_service.main", lab.environment("stock", stock.NAME))
        )
        services = [
            *_report_targets(lab, reports, questions),
            *await _stock_targets(lab, stocks),
        ]
        limits = [
            *await serve_limits(lab, running, stocks, stock.NAME),
            *await serve_report_limits(
                lab, running, reports[largest], names[largest], questions[0]
            ),
        ]
        costs = await comparison.measure_costs("cached", [*services, *limits])
        seed = await _measure_seed(lab, reports, names, questions)
        await _time(comparison, "cached", [*services, *limits], costs)
        async with AsyncExitStack() as changing:
            changed = sorted({names[smallest], names[largest]})
            await begin_changes(lab, changing, changed, stock.NAME, SALES_PER_SECOND)
            targets = [
                each
                for each in services
                if each.size in (0, smallest, largest) and each.status == 200
            ]
            costs = await comparison.measure_costs("changing", targets)
            await _time(comparison, "changing", targets, costs)
    for name in (*names.values(), stock.NAME):
        await lab.drop(name)
    return {
        "sizes": effort.sizes,
        "today": today.isoformat(),
        "questions": {each.name: each.target for each in questions},
        "connections": CONNECTIONS,
        "sales_per_second": SALES_PER_SECOND,
        "costs": comparison.costs,
        "seed": seed,
        "latencies": comparison.latencies,
    }


def _report_targets(
    lab: Lab, reports: Mapping[int, Served], questions: Sequence[Question]
) -> list[Target]:
    key = lab.layout.secrets["head-office"]
    # All sizes of a question one after the other: what they are compared by is their ratio.
    return [
        Target(each.name, size, served, get(each.target, key))
        for each in questions
        for size, served in reports.items()
    ]


async def _stock_targets(lab: Lab, stocks: Served) -> list[Target]:
    key = lab.layout.secrets["till"]
    targets = [
        Target(SMALL, 0, stocks, get(SMALL_STOCK, key)),
        Target(LARGE, 0, stocks, get(LARGE_STOCK, key)),
    ]
    answer = await ask(stocks, LARGE_STOCK, key)
    assert len(answer.json()) == 2000, answer.text
    if etag := answer.headers.get("etag"):
        request = get(LARGE_STOCK, key, if_none_match=etag)
        targets.append(Target(UNCHANGED, 0, stocks, request, 304))
    return targets


async def _time(
    comparison: Comparison, state: str, targets: Sequence[Target], costs: Sequence[Cost]
) -> None:
    """Latencies of what is asked at the largest size, and of what has none."""
    shown = (0, max(comparison.effort.sizes))
    chosen = [n for n, each in enumerate(targets) if each.size in shown]
    await comparison.measure_latencies(
        state, [targets[n] for n in chosen], [costs[n] for n in chosen]
    )


async def _measure_seed(
    lab: Lab,
    reports: Mapping[int, Served],
    names: Mapping[int, str],
    questions: Sequence[Question],
) -> list[dict[str, Any]]:
    """What the same answers cost the seed's way; that they are the same is checked."""
    rows = []
    for size, name in names.items():
        connection = await lab.connect(name)
        for each in questions:
            answered = await seed_way.answer(connection, each.path, each.start, each.end)
            await _check_same(lab, reports[size], each, answered)
            rows.append({"name": each.name, "size": size, "cpu_seconds": answered.cpu_seconds})
            say(f"{'seed':9} {each.name:34} {size:>10,} {answered.cpu_seconds * 1e3:9,.1f} ms")
        await connection.close()
    return rows


async def _check_same(
    lab: Lab, served: Served, question: Question, seed: seed_way.Answered
) -> None:
    ours = (await ask(served, question.target, lab.layout.secrets["head-office"])).json()
    stores = ours.get("ventes_par_magasin") or ours["rapport"]
    total = sum(store.get("total", store.get("total_ventes", 0)) for store in stores)
    found = (sum(store["nombre_ventes"] for store in stores), round(total * 100))
    assert found == (seed.sales_count, seed.total_cents), (question, found, seed)
    best = [product["produit_id"] for product in ours.get("produits", [])]
    assert best == seed.best_sellers[: len(best)], (question, best, seed.best_sellers)
