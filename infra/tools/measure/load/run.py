"""Plays one scenario: prepares it, runs k6, checks the result."""

import asyncio
import os
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from infra.tools.local.layout import SERVICES, Layout
from infra.tools.local.stack import Stack
from infra.tools.measure.load import k6
from infra.tools.measure.load.outage import Outage
from infra.tools.measure.load.receipts import list_receipts
from infra.tools.measure.load.summary import Summary
from infra.tools.measure.load.verdict import Verdict, judge
from infra.tools.rest import address_of

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
LINES_SHOWN = 20


class LoadError(Exception):
    """One line that says why a scenario could not be played."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A scenario with its options."""

    scenario: str
    duration: str | None = None
    rate: str | None = None
    data: Path | None = None

    @property
    def command(self) -> str:
        """Return the make command that plays it."""
        given = {"DURATION": self.duration, "RATE": self.rate}
        words = [f"{name}={value}" for name, value in given.items() if value]
        return " ".join([f"make load SCENARIO={self.scenario}", *words])


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a played scenario."""

    wish: Wish
    seconds: float
    summary: Summary
    verdict: Verdict
    memory: tuple[int, int]  # bytes of the services' processes before and after; 0 unless ours

    @property
    def faults(self) -> list[str]:
        """Return the crossed thresholds and the faults of the verdict."""
        return [*self.summary.crossed(), *self.verdict.faults]


def play(wish: Wish) -> Result:
    """Play a scenario to its end; raises `LoadError`."""
    _stay_on_this_machine()
    layout = Layout.saved()
    is_ours = Stack(layout).is_supervised()
    run = uuid.uuid4().hex[:12]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as at_the_end:
        variables = _variables(wish, run, Path(folder))
        outage = None
        if wish.scenario == "unavailable":
            if not is_ours:
                raise LoadError("unavailable stops the database of make up: run make up first")
            outage = Outage(layout)
            at_the_end.callback(outage.heal)
        before, started = _memory(layout) if is_ours else 0, time.monotonic()
        file = Path(folder) / "summary.json"
        status = k6.play(wish.scenario, file, variables, _Listener(outage).hear)
        seconds = time.monotonic() - started
        if status not in (0, k6.THRESHOLDS_CROSSED) or not file.exists():
            raise LoadError(f"k6 has ended with status {status}")
        summary = Summary.read(file)
    after = _memory(layout) if is_ours else 0
    urls = {name: os.environ[f"COMPTOIR_{name.upper()}_DATABASE_URL"] for name in SERVICES}
    verdict = asyncio.run(judge(run, summary, urls))
    return Result(wish, seconds, summary, verdict, (before, after))


def _stay_on_this_machine() -> None:
    for service in SERVICES:
        if urlsplit(address_of(service)).hostname not in LOOPBACK:
            raise LoadError(f"load goes to this machine only, not to {address_of(service)}")


def _variables(wish: Wish, run: str, folder: Path) -> Mapping[str, str]:
    variables = {"LOAD_RUN": run, "DURATION": wish.duration or "", "RATE": wish.rate or ""}
    if wish.scenario == "tills":
        if wish.data is None:
            raise LoadError(
                "Which data? make load SCENARIO=tills DATA=path/to/online-retail.csv.gz"
            )
        receipts = folder / "receipts.json"
        receipts.write_text(asyncio.run(list_receipts(wish.data)))
        variables["LOAD_RECEIPTS"] = str(receipts)
    return variables


def _memory(layout: Layout) -> int:
    stack = Stack(layout)
    pids = [stack.pid(name) for name in stack.names if name.partition("-")[0] in SERVICES]
    return sum(psutil.Process(pid).memory_info().rss for pid in pids if pid)


class _Listener:
    """Prints the first lines of k6's log; under load it may repeat one for each request."""

    def __init__(self, outage: Outage | None) -> None:
        self._outage = outage
        self._shown = 0

    def hear(self, line: str) -> None:
        if self._outage is not None and self._outage.follow(line):
            print(line, flush=True)
            return
        self._shown += 1
        if self._shown <= LINES_SHOWN:
            print(f"k6: {line}", flush=True)
        elif self._shown == LINES_SHOWN + 1:
            print("k6: … further lines are not shown", flush=True)
