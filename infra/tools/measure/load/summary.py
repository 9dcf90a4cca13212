"""k6's measurements, from the file that it writes at its end."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PHASE = re.compile(r"phase_ends\{phase:(.+)\}")
P95 = "p(95)"


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of a scenario, as its tills saw it."""

    name: str
    begun: float  # sales a second
    accepted: float
    shed: float  # requests a second
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The metrics of a run; a counter that never counted is 0."""

    metrics: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, file: Path) -> "Summary":
        return cls(json.loads(file.read_text())["metrics"])

    def count(self, name: str, phase: str | None = None) -> int:
        return int(self._figure(name, "count", phase))

    def rate(self, name: str) -> float:
        """Return a counter's rate per second over the whole run."""
        return self._figure(name, "rate", None)

    def p95(self, name: str, phase: str | None = None) -> float:
        """Return a p95 in milliseconds."""
        return self._figure(name, P95, phase)

    def _figure(self, name: str, figure: str, phase: str | None) -> float:
        key = f"{name}{{phase:{phase}}}" if phase else name
        return float(self.metrics.get(key, {}).get(figure, 0))

    def phases(self) -> Iterator[Phase]:
        """Return the steps in their order; none when the rate was constant."""
        ends = {
            found[1]: float(metric["value"])
            for name, metric in self.metrics.items()
            if (found := PHASE.fullmatch(name)) and metric["value"]
        }
        begins = 0.0
        for phase, end in sorted(ends.items(), key=lambda each: each[1]):
            seconds, begins = end - begins, end
            yield Phase(
                phase,
                self.count("sales_begun", phase) / seconds,
                self.count("sales_accepted", phase) / seconds,
                self.count("requests_shed", phase) / seconds,
                self.p95("sale_duration", phase),
            )

    def crossed(self) -> list[str]:
        """Return the crossed thresholds."""
        return [
            f"{name}: {threshold}"
            for name, metric in self.metrics.items()
            for threshold, is_crossed in metric.get("thresholds", {}).items()
            if is_crossed
        ]
