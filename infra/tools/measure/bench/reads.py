"""Part `reads`: what the hot reads cost, at every size, beside their limits and the seed's way."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

from infra.tools.measure.bench import seed_way
from infra.tools.measure.bench.changes import apply_changes, count_changes, report_environment, sell
from infra.tools.measure.bench.comparing import CONNECTIONS, Comparison
from infra.tools.measure.bench.effort import Effort
from infra.tools.measure.bench.fill import fill_sizes, say
from infra.tools.measure.bench.lab import Cost, Lab
from infra.tools.measure.bench.limits import serve_limits, serve_report_limits
from infra.tools.measure.bench.processes import Served, serve
from infra.tools.measure.bench.questions import (
    LARGE_STOCK,
    SMALL_STOCK,
    Question,
    Target,
    ask,
    get,
    report_questions,
)
from infra.tools.measure.bench.stock import add_up_movements, fill_stock
from report_service.settings import Settings

SALES_PER_SECOND = 50  # while everything changes
# With as many sales and reads two cores are full; with these they are not.
FEWER_SALES_PER_SECOND = 10
# Five indexes of movements: at ten million sales they alone would take longer than all the rest.
MOST_SALES_OF_STOCK = 1_000_000
SMALL, LARGE, UNCHANGED = "stock, 20 products", "stock, 2,000 products", "stock, unchanged (304)"


async def measure_reads(lab: Lab, effort: Effort) -> dict[str, Any]:
    """The whole part, in databases that it makes and drops."""
    today = datetime.now(Settings.model_fields["chain_timezone"].default).date()
    questions = report_questions(today)
    names = await fill_sizes(lab, effort.sizes, today)
    stock_names = {size: await fill_stock(lab, size) for size in _stock_sizes(effort.sizes)}
    smallest, largest = min(effort.sizes), max(effort.sizes)
    stocked = max(stock_names)
    comparison = Comparison(lab, effort)
    async with AsyncExitStack() as running:
        reports = {
            size: await running.enter_async_context(
                serve("report_service.main", report_environment(lab, name))
            )
            for size, name in names.items()
        }
        stocks = {
            size: await running.enter_async_context(
                serve("stock_service.main", lab.environment("stock", name))
            )
            for size, name in stock_names.items()
        }
        services = [
            *_report_targets(lab, reports, questions),
            *await _stock_targets(lab, stocks),
        ]
        limits = [
            *await serve_limits(lab, running, stocks[stocked], stock_names[stocked]),
            *await serve_report_limits(
                lab, running, reports[largest], names[largest], questions[0]
            ),
        ]
        costs = await comparison.measure_costs("cached", [*services, *limits])
        seed = await _measure_seed(lab, reports, names, questions)
        seed += [await _add_up(lab, size, stock_names[size], each) for size, each in stocks.items()]
        await _time(comparison, "cached", [*services, *limits], costs)
        async with AsyncExitStack() as changing:
            await apply_changes(lab, changing, names[largest], stock_names[stocked])
            changed = reports[smallest], reports[largest], stocks[stocked]
            targets = [each for each in services if each.status == 200 and each.served in changed]
            async with sell(lab, SALES_PER_SECOND):
                async with AsyncExitStack() as compared:
                    await count_changes(lab, compared, names[smallest])
                    costs = await comparison.measure_costs("changing", targets)
                # A system has one worker of reports, and two cores have no room for a second one.
                await _time(comparison, "changing", targets, costs)
            async with sell(lab, FEWER_SALES_PER_SECOND):
                await _time(comparison, "changing less", targets, costs)
    for name in (*names.values(), *stock_names.values()):
        await lab.drop(name)
    return {
        "sizes": effort.sizes,
        "today": today.isoformat(),
        "questions": {each.name: each.target for each in questions},
        "connections": CONNECTIONS,
        "sales_per_second": SALES_PER_SECOND,
        "fewer_sales_per_second": FEWER_SALES_PER_SECOND,
        "costs": comparison.costs,
        "seed": seed,
        "latencies": comparison.latencies,
    }


def _stock_sizes(sizes: Sequence[int]) -> Sequence[int]:
    return min(sizes), max(each for each in sizes if each <= MOST_SALES_OF_STOCK)


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


async def _stock_targets(lab: Lab, stocks: Mapping[int, Served]) -> list[Target]:
    key = lab.layout.secrets["till"]
    answer = await ask(stocks[max(stocks)], LARGE_STOCK, key)
    assert len(answer.json()) == 2000, answer.text
    targets = [
        Target(name, size, served, get(target, key))
        for name, target in ((SMALL, SMALL_STOCK), (LARGE, LARGE_STOCK))
        for size, served in stocks.items()
    ]
    request = get(LARGE_STOCK, key, if_none_match=answer.headers["etag"])
    return [*targets, Target(UNCHANGED, 0, stocks[max(stocks)], request, 304)]


async def _time(
    comparison: Comparison, state: str, targets: Sequence[Target], costs: Sequence[Cost]
) -> None:
    """Latencies of what is asked, at the largest of its sizes."""
    largest = {each.name: each.size for each in sorted(targets, key=lambda each: each.size)}
    chosen = [n for n, each in enumerate(targets) if each.size == largest[each.name]]
    await comparison.measure_latencies(
        state, [targets[n] for n in chosen], [costs[n] for n in chosen]
    )


async def _add_up(lab: Lab, size: int, database: str, served: Served) -> dict[str, Any]:
    """A store's stock from its movements; that it is what we answer is checked."""
    connection = await lab.connect(database)
    cpu_seconds, levels = await add_up_movements(connection)
    await connection.close()
    ours = (await ask(served, LARGE_STOCK, lab.layout.secrets["till"])).json()
    assert [each["quantite_stock"] for each in ours] == levels, (ours, levels)
    say(f"{'seed':9} {LARGE:34} {size:>10,} {cpu_seconds * 1e3:9,.1f} ms")
    return {"name": LARGE, "size": size, "cpu_seconds": cpu_seconds}


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
