"""Service level objectives, and alert rules on the burn rates of their error budgets.

Multi-window, multi-burn-rate alerts as in the SRE workbook, chapter 5
(https://sre.google/workbook/alerting-on-slos/): the long window shows that the loss matters,
the short one that it continues.
"""

from dataclasses import dataclass
from typing import Any

WINDOWS = ("5m", "30m", "1h", "6h", "3d")
# Probes, scrapes and unknown paths do not count: no client waits for them.
_OURS = 'handler!~"/metrics|/health.*|none"'
_READS = 'handler=~"/api/ventes/rapport|/api/rapports.*|/api/performance.*|/api/magasins.*/stock"'
_SALES = 'handler="/api/ventes/"'


@dataclass(frozen=True, slots=True)
class Objective:
    """A target share of `good` in `all` (counters without a range) over 30 days."""

    name: str
    target: float
    good: str
    all: str

    def bad_ratio(self, window: str) -> str:
        """Return the share of bad events in a window; no value when there were no events."""
        return f"1 - sum(rate({self.good}[{window}])) / sum(rate({self.all}[{window}]))"


OBJECTIVES = (
    Objective(
        "availability",
        0.999,
        f'http_requests_total{{{_OURS}, status!~"5.."}}',
        f"http_requests_total{{{_OURS}}}",
    ),
    Objective(
        "report-latency",
        0.99,
        f'http_request_duration_seconds_bucket{{{_READS}, le="0.1"}}',
        f"http_request_duration_seconds_count{{{_READS}}}",
    ),
    Objective(
        "sale-latency",
        0.99,
        f'http_request_duration_seconds_bucket{{{_SALES}, le="0.5"}}',
        f"http_request_duration_seconds_count{{{_SALES}}}",
    ),
    Objective(
        "freshness",
        0.99,
        'report_delay_seconds_bucket{le="1.0"}',
        "report_delay_seconds_count",
    ),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """An alert on a burn rate in a long and a short window."""

    alert: str
    factor: float
    windows: tuple[str, str]
    severity: str
    meaning: str


BURNS = (
    Burn("SloBurningFast", 14.4, ("1h", "5m"), "page", "2 % of the month's budget in an hour"),
    Burn("SloBurning", 6, ("6h", "30m"), "page", "5 % of the month's budget in six hours"),
    Burn("SloBurningSlowly", 1, ("3d", "6h"), "ticket", "10 % of the month's budget in three days"),
)


def build_rules() -> dict[str, Any]:
    """Return the content of `infra/deploy/prometheus/rules/slo.yml`."""
    budgets = [
        {
            "record": "slo:budget",
            "expr": f"vector({round(1 - each.target, 6)})",
            "labels": {"slo": each.name},
        }
        for each in OBJECTIVES
    ]
    ratios = [
        {
            "record": f"slo:bad_ratio:rate{window}",
            "expr": each.bad_ratio(window),
            "labels": {"slo": each.name},
        }
        for each in OBJECTIVES
        for window in WINDOWS
    ]
    return {
        "groups": [
            {"name": "slo", "interval": "15s", "rules": [*budgets, *ratios]},
            {"name": "slo-alerts", "rules": [_alert(burn) for burn in BURNS]},
        ]
    }


def _alert(burn: Burn) -> dict[str, Any]:
    long, short = (
        f"slo:bad_ratio:rate{window} > on (slo) {burn.factor} * slo:budget"
        for window in burn.windows
    )
    # After the very first start a minute's requests would count as the whole of each window.
    long_window, short_window = burn.windows
    has_history = (
        f"present_over_time(slo:budget[{long_window}:{short_window}] offset {short_window})"
    )
    return {
        "alert": burn.alert,
        "expr": f"({long}) and on (slo) ({short}) and on (slo) {has_history}",
        "labels": {"severity": burn.severity},
        "annotations": {
            "summary": f"{{{{ $labels.slo }}}} uses {burn.meaning}",
            "runbook_url": f"docs/runbooks/{burn.alert}.md",
        },
    }
