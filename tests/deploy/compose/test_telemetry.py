"""Prometheus scrapes every process, and every query asks for metrics that exist."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.compose.stack import (
    INFRA,
    LONG_RUNNING,
    PROCESSES,
    ROOT,
    SERVICES,
    mounts,
    read_yaml,
)

PROMETHEUS = read_yaml(INFRA / "prometheus/prometheus.yml")
RULES = sorted(
    path for pattern in PROMETHEUS["rule_files"] for path in (INFRA / "prometheus").glob(pattern)
)
DASHBOARDS = sorted((INFRA / "grafana/dashboards").glob("*.json"))

OPERATORS = {"and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring"}
# Prometheus makes these of each scrape.
OF_PROMETHEUS = {"up", "scrape_duration_seconds"}


# k6's own metrics, by the names that it sends to Prometheus.
OF_K6 = {"k6_vus", "k6_http_reqs_total", "k6_http_req_duration_p95", "k6_dropped_iterations_total"}
SENT_AS = {"Counter": ("_total",), "Gauge": ("",), "Trend": ("_p50", "_p95", "_p99", "_max")}


def metrics_of_scenarios() -> set[str]:
    """Return Prometheus' names of the metrics that the scripts of `k6/` define."""
    declared = re.compile(r"new (Counter|Gauge|Trend)\(\"(\w+)\"")
    return {
        f"k6_{name}{ending}"
        for script in (ROOT / "k6").rglob("*.js")
        for kind, name in declared.findall(script.read_text())
        for ending in SENT_AS[kind]
    }


def metrics_in(expression: str) -> set[str]:
    """Return the metric names of a PromQL expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    return set(re.findall(r"(?<![\w.:])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()", bare)) - OPERATORS


def panels_of(dashboard: Path) -> Iterator[dict[str, Any]]:
    panels = json.loads(dashboard.read_text())["panels"]
    for panel in panels:
        yield panel
        yield from panel.get("panels", [])


def queries_of(dashboard: Path) -> list[str]:
    return [
        target["expr"]
        for panel in panels_of(dashboard)
        for target in panel.get("targets", [])
        if "expr" in target
    ]


def rules() -> list[dict[str, Any]]:
    return [
        rule for path in RULES for group in read_yaml(path)["groups"] for rule in group["rules"]
    ]


@pytest.fixture(scope="module")
def exported() -> set[str]:
    """Return all metric names: of processes, recording rules, Prometheus and k6."""
    command = [sys.executable, "-m", "tests.deploy.compose.exported_metrics"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    return {*printed.split(), *recorded, *OF_PROMETHEUS, *OF_K6, *metrics_of_scenarios()}


def test_prometheus_scrapes_every_replica_of_every_process() -> None:
    asked_of_dns = {
        (scrape["job_name"], *found["names"], found["type"], found["port"])
        for scrape in PROMETHEUS["scrape_configs"]
        for found in scrape.get("dns_sd_configs", [])
    }

    assert asked_of_dns == {(name, name, "A", port) for name, port in PROCESSES.items()}


def test_prometheus_scrapes_only_processes_that_run() -> None:
    # A job has the name of its service. A further word tells two pages of one service apart.
    jobs = {scrape["job_name"].removesuffix("-spans") for scrape in PROMETHEUS["scrape_configs"]}

    assert jobs <= LONG_RUNNING


def test_the_rules_are_found() -> None:
    assert RULES
    assert rules()


def test_the_rules_use_only_metrics_that_exist(exported: set[str]) -> None:
    assert {name for rule in rules() for name in metrics_in(rule["expr"])} - exported == set()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_uses_only_metrics_that_exist(dashboard: Path, exported: set[str]) -> None:
    asked = {name for query in queries_of(dashboard) for name in metrics_in(query)}

    assert asked
    assert asked - exported == set()


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_only_provisioned_data_sources(dashboard: Path) -> None:
    provisioned = {
        source["uid"]
        for path in (INFRA / "grafana/provisioning/datasources").glob("*.yml")
        for source in read_yaml(path)["datasources"]
    }
    asked = {
        part["datasource"]["uid"]
        for panel in panels_of(dashboard)
        for part in (panel, *panel.get("targets", []))
        if "datasource" in part
    }

    assert asked - provisioned == set()


def test_grafana_finds_the_dashboards_where_they_are_mounted() -> None:
    (mounted,) = [
        target
        for name, source, target in mounts()
        if name == "grafana" and source == DASHBOARDS[0].parent
    ]
    providers = yaml.safe_load(
        (INFRA / "grafana/provisioning/dashboards/comptoir.yml").read_text()
    )["providers"]

    assert [provider["options"]["path"] for provider in providers] == [mounted]


def test_a_visitor_of_grafana_may_follow_an_exemplar_to_its_trace() -> None:
    # Explore, where a link to a data source would lead, is closed to Viewers.
    path = INFRA / "grafana/provisioning/datasources/comptoir.yml"
    [prometheus] = [each for each in read_yaml(path)["datasources"] if each["uid"] == "prometheus"]
    [link] = prometheus["jsonData"]["exemplarTraceIdDestinations"]

    assert SERVICES["grafana"]["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert "datasourceUid" not in link
    # Grafana reads `$$` as a dollar that is no variable of the environment.
    assert link["url"] == "http://127.0.0.1:16686/trace/$${__value.raw}"
    assert "127.0.0.1:16686:16686" in SERVICES["jaeger"]["ports"]


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('sum by (handler) (rate(a_total{status=~"5.."}[1m])) / 0.5', {"a_total"}),
        ("histogram_quantile(0.95, sum(rate(b_bucket[5m])) by (le))", {"b_bucket"}),
        ("job:c:rate1m and on (job) up == 1", {"job:c:rate1m", "up"}),
        ("max(time() - d) or vector(0)", {"d"}),
    ],
)
def test_metric_names_differ_from_functions_and_labels(expression: str, names: set[str]) -> None:
    assert metrics_in(expression) == names
