"""Prints a result, and writes results into the table of `k6/README.md`."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from infra.tools.local.layout import ROOT
from infra.tools.measure.load.run import Result

README = ROOT / "k6/README.md"
HEADING = "## Last measured\n"
READS = ("report", "period", "performance", "stock")
MIB = 1024 * 1024


def describe(result: Result) -> Iterator[str]:
    """Return the lines for the terminal."""
    summary, verdict = result.summary, result.verdict
    yield (
        f"requests   {summary.count('http_reqs')} in {result.seconds:.0f} s, "
        f"{summary.rate('http_reqs'):.0f}/s; 503 {summary.count('requests_shed')}, other 5xx "
        f"{summary.count('server_faults')}, no answer {summary.count('requests_unanswered')}"
    )
    yield (
        f"sales      {summary.count('sales_begun')} begun, {summary.count('sales_accepted')} "
        f"answered 201, {summary.count('sales_abandoned')} given up, "
        f"{summary.count('sales_repeated')} requests repeated; {verdict.confirmed} recorded"
    )
    yield f"p95        sale {summary.p95('sale_duration'):.0f} ms{_reads(result)}"
    if dropped := summary.count("dropped_iterations"):
        yield f"k6         {dropped} arrivals skipped: all its users were waiting"
    for phase in summary.phases():
        yield (
            f"  {phase.name:15} {phase.begun:7.1f} sales/s begun {phase.accepted:7.1f} accepted "
            f"{phase.shed:7.1f} 503/s  p95 {_milliseconds(phase.p95_ms):>9}"
        )
    if verdict.catch_up_seconds is not None:
        yield f"report     complete {verdict.catch_up_seconds * 1000:.0f} ms after the end"
    if any(result.memory):
        before, after = (size / MIB for size in result.memory)
        yield f"memory     of the services' processes {before:.0f} MiB, then {after:.0f} MiB"
    found = len(verdict.audit.differences)
    yield f"audit      {len(verdict.audit.checks)} checks, {found or 'no'} differences"
    for fault in result.faults:
        yield f"FAILED     {fault}"
    yield "failed" if result.faults else "passed"


def _reads(result: Result) -> str:
    # k6 measures a read by name only where a threshold asks for it.
    measured = {name: result.summary.p95(f"http_req_duration{{name:{name}}}") for name in READS}
    return "".join(f", {name} {p95:.0f} ms" for name, p95 in measured.items() if p95)


def write_table(results: Sequence[Result]) -> None:
    """Replace the results in the README."""
    text = README.read_text().partition(HEADING)[0]
    README.write_text(text + HEADING + "\n" + "\n".join(_table(results)) + "\n")


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, `make load SCENARIO=all`: k6, the services, PostgreSQL and "
        f"Kafka together on one machine ({_cores()}).\n"
    )
    yield "| command | requests/s | sales answered 201 | 503 | other 5xx | sale p95 | verdict |"
    yield "|---|---|---|---|---|---|---|"
    for result in results:
        summary = result.summary
        verdict = (
            "; ".join(result.faults) or "nothing lost, nothing doubled, audit without a difference"
        )
        yield (
            f"| `{result.wish.command}` | {summary.rate('http_reqs'):.0f} "
            f"| {summary.count('sales_accepted')} of {summary.count('sales_begun')} "
            f"| {summary.count('requests_shed')} | {summary.count('server_faults')} "
            f"| {summary.p95('sale_duration'):.0f} ms | {verdict} |"
        )
    for result in results:
        if phases := list(result.summary.phases()):
            yield f"\n`{result.wish.scenario}`, step by step:\n"
            yield "| step | sales/s begun | sales/s answered 201 | 503/s | p95 |"
            yield "|---|---|---|---|---|"
            for phase in phases:
                yield (
                    f"| {phase.name} | {phase.begun:.0f} | {phase.accepted:.0f} "
                    f"| {phase.shed:.0f} | {_milliseconds(phase.p95_ms)} |"
                )


def _milliseconds(p95: float) -> str:
    # k6 reports nothing for requests that never finished.
    return f"{p95:.0f} ms" if p95 else "—"


def _cores() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
