"""Part `reads`: what the hot reads cost at every size, beside their limits and the seed's way."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from infra.tools.measure.bench import seed_way
from infra.tools.measure.bench.comparing import (
    Cost,
    Target,
    compare_costs,
    cost_rows,
    measure_latencies,
)
from infra.tools.measure.bench.lab import Effort, Lab
from infra.tools.measure.bench.limits import serve_limits
from infra.tools.measure.bench.load import ask, get
from infra.tools.measure.bench.processes import Served, run, serve
from infra.tools.measure.bench.report_tables import fill_report
from infra.tools.measure.bench.stock_tables import (
    LARGE_STORE,
    SMALL_STORE,
    add_up_movements,
    fill_stock,
)
from infra.tools.measure.tables import Row, Tables

CHANGING, CHANGING_LESS, SEED = "50 sales/s", "10 sales/s", "the seed's way"
# The five indexes of ten million sales' movements would take longer to fill than all the rest.
MOST_SALES_OF_STOCK = 1_000_000
SMALL_STOCK = f"/api/magasins/{SMALL_STORE}/stock"
LARGE_STOCK = f"/api/magasins/{LARGE_STORE}/stock?limite=2000"
LARGE = "stock, 2,000 products"
REPORT, GLOBAL = "/api/ventes/rapport", "/api/performance/global"


@dataclass(frozen=True, slots=True)
class Question:
    """A read of the report, over a range of days or over everything."""

    name: str
    path: str
    start: date | None = None
    end: date | None = None

    @property
    def target(self) -> str:
        """Return path and query; `GLOBAL` chooses its days itself."""
        if self.path == GLOBAL or self.start is None or self.end is None:
            return self.path
        query = {"date_debut": self.start.isoformat(), "date_fin": self.end.isoformat()}
        return f"{self.path}?{urlencode(query)}"


def list_questions(today: date) -> list[Question]:
    """Return the reads of the report that have a goal."""
    # Half a month of day rows at each end of the whole months.
    first = (today.replace(day=1) - timedelta(days=200)).replace(day=16)
    awkward = first, (today.replace(day=1) - timedelta(days=20)).replace(day=15)
    month = today - timedelta(days=29), today
    return [
        Question("rapport", REPORT),
        Question("rapport, 30 days", REPORT, *month),
        Question("rapport, awkward range", REPORT, *awkward),
        Question("rapport, a year", REPORT, today - timedelta(days=364), today),
        Question("rapports/ventes, awkward range", "/api/rapports/ventes", *awkward),
        Question("performance/global", GLOBAL, *month),
    ]


async def measure_reads(lab: Lab, effort: Effort) -> Tables:
    """Measure cached reads at every size, then uncached ones while sales change everything."""
    today = datetime.now(ZoneInfo("America/Toronto")).date()
    questions = list_questions(today)
    smallest, largest = min(effort.sizes), max(effort.sizes)
    stocked = max(each for each in effort.sizes if each <= MOST_SALES_OF_STOCK)
    names = {size: await fill_report(lab, size, today) for size in effort.sizes}
    stock_names = {size: await fill_stock(lab, size) for size in (smallest, stocked)}
    async with AsyncExitStack() as running:
        reports = await _serve_each(lab, running, "report", names)
        stocks = await _serve_each(lab, running, "stock", stock_names)
        services = [
            *_target_reports(lab, reports, questions),
            *await _target_stocks(lab, stocks),
        ]
        unchanged = next(each for each in services if each.status == 304)
        in_memory = {
            "report": _at(services, "rapport", largest).requests[0],
            "stock": _at(services, LARGE, stocked).requests[0],
        }
        limits = await running.enter_async_context(
            serve_limits(lab, stock_names[stocked], in_memory)
        )
        cached = [*limits, *services]
        costs = await compare_costs(lab, effort, cached)
        seed = await _answer_as_seed(lab, questions, names, stock_names, services)
        timed = _of_largest(cached, costs)
        latencies = await measure_latencies("cached", effort, *timed)
        async with _change(lab, names[largest], stock_names[stocked]):
            served = reports[smallest], reports[largest], stocks[stocked]
            read = [each for each in services if each is not unchanged and each.served in served]
            async with _sell(lab, 50):
                async with _change(lab, names[smallest]):
                    anew = await compare_costs(lab, effort, read)
                # Without the second report-worker, which no real system has.
                timed = _of_largest(read, anew)
                latencies += await measure_latencies(CHANGING, effort, *timed)
            async with _sell(lab, 10):
                latencies += await measure_latencies(CHANGING_LESS, effort, *timed)
    rows = cost_rows("cached", cached, costs, costs[0])
    rows += cost_rows(CHANGING, read, anew, costs[0])
    return {"sizes": _by_size(rows, seed, effort.sizes), "costs": rows, "latencies": latencies}


async def _serve_each(
    lab: Lab, running: AsyncExitStack, service: str, names: Mapping[int, str]
) -> dict[int, Served]:
    return {
        size: await running.enter_async_context(
            serve(f"{service}_service.main", lab.environment(service, name))
        )
        for size, name in names.items()
    }


def _target_reports(
    lab: Lab, reports: Mapping[int, Served], questions: Sequence[Question]
) -> list[Target]:
    key = lab.layout.secrets["head-office"]
    # All sizes of a question one after the other: their ratio is what the goal asks for.
    return [
        Target(each.name, served, [get(served.url(each.target), key)], size=size)
        for each in questions
        for size, served in reports.items()
    ]


async def _target_stocks(lab: Lab, stocks: Mapping[int, Served]) -> list[Target]:
    key = lab.layout.secrets["till"]
    targets = [
        Target(name, served, [get(served.url(path), key)], size=size)
        for name, path in (("stock, 20 products", SMALL_STOCK), (LARGE, LARGE_STOCK))
        for size, served in stocks.items()
    ]
    last = targets[-1]
    answer = await ask(last.requests[0])
    assert len(answer.json()) == 2000, answer.text
    request = get(last.requests[0].url, key, if_none_match=answer.headers["etag"])
    return [*targets, Target("stock, unchanged (304)", last.served, [request], 304)]


def _at(targets: Sequence[Target], name: str, size: int) -> Target:
    return next(each for each in targets if (each.name, each.size) == (name, size))


def _of_largest(
    targets: Sequence[Target], costs: Sequence[Cost]
) -> tuple[list[Target], list[Cost]]:
    """Return each target at its largest size, with its cost."""
    largest = {each.name: each.size for each in sorted(targets, key=lambda each: each.size)}
    chosen = [n for n, each in enumerate(targets) if each.size == largest[each.name]]
    return [targets[n] for n in chosen], [costs[n] for n in chosen]


@asynccontextmanager
async def _change(lab: Lab, *databases: str) -> AsyncIterator[None]:
    """Run the workers that apply what is sold to these databases."""
    async with AsyncExitStack() as running:
        for name in databases:
            service = name.partition("_")[0]
            await running.enter_async_context(
                serve(f"{service}_service.worker", lab.environment(service, name))
            )
        yield


@asynccontextmanager
async def _sell(lab: Lab, rate: int) -> AsyncIterator[None]:
    servers = lab.layout.kafka_bootstrap_servers
    async with run("infra.tools.measure.bench.events", {}, servers, str(rate)):
        yield


async def _answer_as_seed(
    lab: Lab,
    questions: Sequence[Question],
    names: Mapping[int, str],
    stock_names: Mapping[int, str],
    services: Sequence[Target],
) -> dict[tuple[str, int], float]:
    """Return CPU seconds of the seed's way; raise if its answers differ from ours."""
    found = {}
    for size, name in names.items():
        async with lab.connect(name) as connection:
            for each in questions:
                seed = await seed_way.answer(connection, each.path, each.start, each.end)
                ours = (await ask(_at(services, each.name, size).requests[0])).json()
                seed_way.check_same(ours, seed)
                found[each.name, size] = seed.cpu_seconds
    for size, name in stock_names.items():
        async with lab.connect(name) as connection:
            found[LARGE, size], levels = await add_up_movements(connection)
        ours = (await ask(_at(services, LARGE, size).requests[0])).json()
        assert [each["quantite_stock"] for each in ours] == levels, (ours, levels)
    return found


def _by_size(
    rows: Sequence[Row], seed: Mapping[tuple[str, int], float], sizes: Sequence[int]
) -> list[Row]:
    """Return milliseconds of CPU of an answer, one column a size."""
    found = {(name, SEED, size): cpu_seconds * 1e3 for (name, size), cpu_seconds in seed.items()}
    for row in rows:
        cost = float(row["µs CPU of the process"] or 0) + float(row["µs of PostgreSQL"] or 0)
        found[str(row[""]), str(row["state"]), int(row["sales"] or 0)] = cost / 1e3
    table: list[Row] = []
    for name in dict.fromkeys(str(row[""]) for row in rows if row["sales"]):
        for state in ("cached", CHANGING, SEED):
            figures = [found.get((name, state, size)) for size in sizes]
            measured = [each for each in figures if each is not None]
            if not measured:
                continue
            growth = measured[-1] / measured[0] if len(measured) > 1 else None
            by_size = {f"{size:,}": each for size, each in zip(sizes, figures, strict=True)}
            table.append({"": name, "state": state, **by_size, "last ÷ first": growth})
    return table
