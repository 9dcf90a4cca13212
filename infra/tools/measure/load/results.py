"""Describe a result in some lines for a terminal, and keep it for `k6/README.md`."""

from collections.abc import Iterator, Sequence

from infra.tools.measure import tables
from infra.tools.measure.load.run import Result

COMMAND = "make load SCENARIO=all"
READS = ("report", "period", "performance", "stock")
MIB = 1024 * 1024


def describe(result: Result) -> Iterator[str]:
    """Yield a result's lines for the terminal."""
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


def keep_results(results: Sequence[Result]) -> None:
    """Keep the results in place of the last ones, and show them in `k6/README.md`."""
    steps: list[tables.Row] = [
        {
            "scenario": result.wish.scenario,
            "step": phase.name,
            "sales/s begun": round(phase.begun),
            "sales/s answered 201": round(phase.accepted),
            "503/s": round(phase.shed),
            "p95": _milliseconds(phase.p95_ms),
        }
        for result in results
        for phase in result.summary.phases()
    ]
    tables.keep("load", {"scenarios": list(map(_row, results)), "steps": steps}, COMMAND)
    tables.write_documents()


def _row(result: Result) -> tables.Row:
    summary = result.summary
    accepted, begun = summary.count("sales_accepted"), summary.count("sales_begun")
    passed = "nothing lost, nothing doubled, audit without a difference"
    return {
        "command": f"`{result.wish.command}`",
        "requests/s": round(summary.rate("http_reqs")),
        "sales answered 201": f"{accepted} of {begun}",
        "503": summary.count("requests_shed"),
        "other 5xx": summary.count("server_faults"),
        "sale p95": f"{summary.p95('sale_duration'):.0f} ms",
        "verdict": "; ".join(result.faults) or passed,
    }


def _milliseconds(p95: float) -> str:
    # k6 reports nothing for requests that never finished.
    return f"{p95:.0f} ms" if p95 else "—"
