"""Every alert has a runbook."""

from pathlib import Path

import yaml

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
