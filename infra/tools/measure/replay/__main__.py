"""`make replay`: `python -m infra.tools.measure.replay DATA [--rate N] [--limit N]`."""

import argparse
import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from infra.tools.measure.replay.catalogue import prepare_catalogue
from infra.tools.measure.replay.keys import make_till_keys
from infra.tools.measure.replay.reading import TillData, UnreadableData, read_till_data
from infra.tools.measure.replay.selling import Outcome, Tills
from infra.tools.measure.replay.verdict import Totals, expect_totals, find_differences, read_totals
from infra.tools.rest import RefusedRequest, RestClient, Unreachable, head_office_key

DIFFERENCES_SHOWN = 20
console = Console(soft_wrap=True, highlight=False)


def main() -> int:
    """Play a file; return 0 when every sale was accepted and the report equals them to the cent."""
    parser = argparse.ArgumentParser(prog="python -m infra.tools.measure.replay")
    parser.add_argument("data", type=Path, help="till lines, .csv or .csv.gz")
    parser.add_argument("--rate", type=_positive, help="sales per second at most")
    parser.add_argument("--limit", type=_count, help="only the first so many invoices")
    parser.add_argument("--json", type=Path, help="write the result there too")
    arguments = parser.parse_args()
    try:
        data = read_till_data(arguments.data)
        result = asyncio.run(_replay(data, arguments.limit, arguments.rate))
    except (UnreadableData, RefusedRequest, Unreachable) as error:
        console.print(f"[red]{error}[/red]")
        return 1
    except KeyboardInterrupt:
        console.print("interrupted: the same command continues and counts no sale twice")
        return 130
    _print(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    return 1 if result["differences"] or result["refused"] else 0


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("a number above 0")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("a number above 0")
    return value


async def _replay(data: TillData, limit: int | None, rate: float | None) -> dict[str, Any]:
    invoices = data.invoices[:limit]
    if not invoices:
        raise UnreadableData("there is no sale in the file")
    async with RestClient(head_office_key()) as client:
        with console.status("stores, products and opening stock"):
            numbers = await prepare_catalogue(client, data)
            keys = await make_till_keys(numbers.stores.values())
        with Progress(
            TextColumn("sales"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress:
            task = progress.add_task("sales", total=len(invoices))
            tills = Tills(client, numbers, keys, rate)
            outcome = await tills.sell(invoices, lambda: progress.advance(task))
        expected = expect_totals(outcome.accepted, numbers)
        days = [invoice.sold_at.date() for invoice in invoices]
        with console.status("waiting for the report"):
            reported = await read_totals(client, numbers, min(days), max(days), expected.sales)
        return _result(data, outcome, expected, reported, client.retries)


def _result(
    data: TillData, outcome: Outcome, expected: Totals, reported: Totals, retries: int
) -> dict[str, Any]:
    delays = [delay * 1000 for delay in outcome.delays]
    cuts = (
        statistics.quantiles(delays, n=100, method="inclusive") if len(delays) > 1 else delays * 99
    )
    posted = outcome.recorded + outcome.known_before
    return {
        "recorded": outcome.recorded,
        "known_before": outcome.known_before,
        "refused": dict(outcome.refused),
        "set_aside": dict(data.set_aside),
        "retries": retries,
        "seconds": round(outcome.seconds, 2),
        "sales_per_second": round(posted / outcome.seconds, 1),
        "report_delay_ms": {"samples": len(delays), "median": cuts[49], "p99": cuts[98]}
        if delays
        else None,
        "never_seen": outcome.unseen,
        "report": {
            "sales": reported.sales,
            "total": reported.cents / 100,
            "stores": len(reported.stores),
            "days": len(reported.days),
            "products": len(reported.products),
        },
        "differences": find_differences(expected, reported),
    }


def _print(result: dict[str, Any]) -> None:
    console.print(f"recorded          {result['recorded']}")
    console.print(f"known before      {result['known_before']}")
    console.print(f"refused           {sum(result['refused'].values())}")
    for code, count in result["refused"].items():
        console.print(f"  {code}: {count}")
    console.print(f"set aside         {sum(result['set_aside'].values())} lines")
    for reason, count in result["set_aside"].items():
        console.print(f"  {reason}: {count}")
    rate, seconds = result["sales_per_second"], result["seconds"]
    console.print(f"rate              {rate} sales/s for {seconds} s")
    if delay := result["report_delay_ms"]:
        console.print(
            f"201 to report     {delay['median']:.0f} ms (median), {delay['p99']:.0f} ms (p99), "
            f"{delay['samples']} samples"
        )
    if unseen := result["never_seen"]:
        console.print(f"  [red]{unseen} sampled sales are missing in the report[/red]")
    report = result["report"]
    console.print(
        f"report            {report['sales']} sales, {report['total']:.2f} in all, "
        f"{report['stores']} stores, {report['days']} days, {report['products']} products"
    )
    differences = result["differences"]
    for line in differences[:DIFFERENCES_SHOWN]:
        console.print(f"  [red]{line}[/red]")
    verdict = f"[red]DIFFERENCES ({len(differences)})[/red]" if differences else "[green]OK[/green]"
    console.print(f"totals            {verdict}")


if __name__ == "__main__":
    sys.exit(main())
