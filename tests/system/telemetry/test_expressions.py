"""Every expression of dashboards and alerts returns data from real Prometheus."""

import asyncio
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.tools.checks.dashboards.boards import BOARDS
from infra.tools.local.observability import BACKENDS
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually
from tests.system.telemetry.conftest import Prometheus

ROOT = Path(__file__).parents[3]
# Prometheus evaluates rules every 15 s, and a rate needs two scrapes, 5 s apart.
WITHIN_SECONDS = 90.0
ASK_EVERY_SECONDS = 1.0
# Jaeger tells that Go has built it.
NO_INTERFACE = "ui assets not embedded"
KINDS = ("api", "worker")

SEED = {
    "latency": "rate(http_request_duration_seconds_sum[1m]) / "
    "rate(http_request_duration_seconds_count[1m])",
    "traffic": "sum by (handler) (rate(http_requests_total[1m]))",
    "client errors": 'sum by (handler) (rate(http_requests_total{status=~"4.."}[1m]))',
    "server errors": 'rate(http_requests_total{status=~"5.."}[1m])',
    "saturation": "rate(process_cpu_seconds_total[1m])",
}


def panels() -> list[Any]:
    found = []
    for path in sorted((ROOT / "infra/deploy/grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                name = f"{path.stem}: {panel['title']} {target['refId']}"
                found.append(pytest.param(target["expr"].replace("$handler", ".*"), id=name))
    return found


# Alerts on long windows ask for a past that this run does not have.
HISTORY = re.compile(r" and on \(slo\) present_over_time\([^)]*\)")
QUANTILE = re.compile(r"histogram_quantile\(.*rate\((\w+_bucket)")
# "Bad: above 100 ms", "Bad: p99 above 1 s", "Bad: confirmed or rejected above 500 ms".
LIMIT = re.compile(r"Bad: [^.]*?above ([\d.]+) (ms|s)\b")


def limits() -> list[Any]:
    """Return each histogram of which a panel shows a percentile, with the panel's limit."""
    return [
        pytest.param(shown[1], float(limit[1]) / (1000 if limit[2] == "ms" else 1), id=panel.title)
        for panel in (panel for board in BOARDS for panel in board.panels)
        if (shown := QUANTILE.search(panel.queries[0].expr))
        and (limit := LIMIT.search(panel.description))
    ]


def alerts() -> list[Any]:
    return [
        # With `bool` a comparison returns 0 for a healthy series, which it would otherwise drop.
        pytest.param(
            re.sub(r"(==|>|<)", r"\1 bool", HISTORY.sub("", rule["expr"])), id=rule["alert"]
        )
        for path in sorted((ROOT / "infra/deploy/prometheus/rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


async def until_it_returns(prometheus: Prometheus, expression: str) -> list[dict[str, Any]]:
    """Return the series of an expression as soon as one has a finite value."""
    async with asyncio.timeout(WITHIN_SECONDS):
        while True:
            series = await prometheus.ask(expression)
            if any(math.isfinite(float(each["value"][1])) for each in series):
                return series
            await asyncio.sleep(ASK_EVERY_SECONDS)


async def test_every_process_is_scraped(busy_system: RunningSystem, prometheus: Prometheus) -> None:
    await until_it_returns(prometheus, "sum(up) == 9")

    up = {each["metric"]["job"]: each["value"][1] for each in await prometheus.ask("up")}
    assert set(up.values()) == {"1"}
    processes = {f"{name}-{kind}" for name in ("sales", "stock", "report") for kind in KINDS}
    assert up.keys() == processes | {"prometheus", "jaeger", "jaeger-spans"}


HANDLERS = {"/api/ventes/", "/api/ventes/rapport", "/api/magasins/{magasin_id}/stock"}


@pytest.mark.parametrize(
    ("signal", "handlers"),
    [
        ("latency", HANDLERS),
        ("traffic", HANDLERS),
        ("client errors", {"/api/ventes/", "/api/magasins/{magasin_id}"}),
        ("server errors", {"/api/ventes/"}),
        ("saturation", {None}),
    ],
)
async def test_the_original_expressions_return_the_load(
    busy_system: RunningSystem, prometheus: Prometheus, signal: str, handlers: set[str | None]
) -> None:
    async def missing() -> set[str | None]:
        series = await until_it_returns(prometheus, SEED[signal])
        return handlers - {
            each["metric"].get("handler") for each in series if float(each["value"][1]) > 0
        }

    await eventually(missing, set[str | None]())


@pytest.mark.parametrize("expression", panels())
async def test_every_panel_returns_data(
    busy_system: RunningSystem, prometheus: Prometheus, expression: str
) -> None:
    await until_it_returns(prometheus, expression)


@pytest.mark.parametrize("expression", alerts())
async def test_every_alert_watches_something(
    busy_system: RunningSystem, prometheus: Prometheus, expression: str
) -> None:
    await until_it_returns(prometheus, expression)


@pytest.mark.parametrize(("histogram", "limit"), limits())
async def test_the_limit_of_a_percentile_is_a_boundary_of_its_histogram(
    busy_system: RunningSystem, prometheus: Prometheus, histogram: str, limit: float
) -> None:
    # Within a bucket a percentile is only a guess: it could not tell good from bad.
    series = await until_it_returns(prometheus, f"group by (le) ({histogram})")

    assert limit in {float(each["metric"]["le"]) for each in series}


async def test_prometheus_and_jaeger_have_nothing_to_warn_of(
    busy_system: RunningSystem, prometheus: Prometheus
) -> None:
    # k6 and the processes have sent their metrics and spans.
    await until_it_returns(prometheus, "k6_vus and on () traces_span_metrics_calls_total")
    logs = busy_system.stack.layout.logs
    told = [
        line
        for name in BACKENDS
        for line in (logs / f"{name}.log").read_text().splitlines()
        if re.search(r"level\W+(warn|error)", line) and NO_INTERFACE not in line
    ]

    assert told == []
