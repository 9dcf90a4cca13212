"""Every alert has a runbook, and so has every fault that waits for a person."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

import service_kit
from service_kit.database.faults import TooMuchAtOnce, TransientFailure
from service_kit.events.lost_records import LogShortened

ROOT = Path(__file__).parents[2]
ALERTS = [
    rule
    for path in sorted((ROOT / "infra/deploy/prometheus/rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


def test_each_alert_has_a_runbook_of_its_name_and_links_to_it() -> None:
    assert ALERTS
    linked = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in ALERTS}

    assert linked == {name: f"docs/runbooks/{name}.md" for name in linked}
    assert {path.stem for path in (ROOT / "docs/runbooks").glob("*.md")} == linked.keys()


def test_each_alert_has_a_severity() -> None:
    assert {rule["labels"]["severity"] for rule in ALERTS} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] for rule in ALERTS)


def faults_that_are_retried() -> Iterator[type[Exception]]:
    """Return our own faults that a batch or the relay meets again and again."""
    for module in pkgutil.walk_packages(service_kit.__path__, "service_kit."):
        importlib.import_module(module.name)
    waiting: list[type[Exception]] = [TransientFailure, LogShortened]
    while waiting:
        fault = waiting.pop()
        waiting += fault.__subclasses__()
        # A batch that is too much is halved until it passes.
        if fault.__module__.startswith("service_kit.events") and fault is not TooMuchAtOnce:
            yield fault


def test_each_fault_that_is_retried_without_end_is_in_a_runbook() -> None:
    runbooks = " ".join(path.read_text() for path in (ROOT / "docs/runbooks").glob("*.md"))
    names = {fault.__name__ for fault in faults_that_are_retried()}

    assert "LogGap" in names
    assert {name for name in names if not re.search(rf"\b{name}\b", runbooks)} == set()


def test_an_alert_that_selects_a_fault_names_one_that_exists() -> None:
    known = {fault.__name__ for fault in faults_that_are_retried()}
    selected = {
        name for rule in ALERTS for name in re.findall(r'error_type="(\w+)"', str(rule["expr"]))
    }

    assert selected
    assert selected <= known
