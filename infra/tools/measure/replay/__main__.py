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
from infra.tools.measure.replay.reading import TillData, UnreadableData, read_till_data
from infra.tools.measure.replay.selling import Outcome, Tills
from infra.tools.measure.replay.verdict import Totals, expect_totals, find_differences, read_totals
from infra.tools.rest import RefusedRequest, RestClient, Unreachable, head_office_key

DIFFERENCES_SHOWN = 20
console = Console(soft_wrap=True, highlight=False)


def main() -> int:
    """Play a file; 0 when all went in and the report says so to the cent."""
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
        console.print("interrompu ; la même commande reprend sans compter deux fois")
        return 130
    _print(result)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    return 1 if result["differences"] or result["refusees"] else 0


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
        with console.status("magasins, produits et stock d'ouverture"):
            numbers = await prepare_catalogue(client, data)
        with Progress(
            TextColumn("ventes"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress:
            task = progress.add_task("ventes", total=len(invoices))
            tills = Tills(client, numbers, rate)
            outcome = await tills.sell(invoices, lambda: progress.advance(task))
        expected = expect_totals(outcome.accepted, numbers)
        days = [invoice.sold_at.date() for invoice in invoices]
        with console.status("le rapport rattrape"):
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
        "envoyees": outcome.recorded,
        "deja_connues": outcome.known_before,
        "refusees": dict(outcome.refused),
        "mises_a_l_ecart": dict(data.set_aside),
        "reprises": retries,
        "secondes": round(outcome.seconds, 2),
        "ventes_par_seconde": round(posted / outcome.seconds, 1),
        "delai_rapport_ms": {"mesures": len(delays), "mediane": cuts[49], "p99": cuts[98]}
        if delays
        else None,
        "jamais_vues": outcome.unseen,
        "rapport": {
            "ventes": reported.sales,
            "total": reported.cents / 100,
            "magasins": len(reported.stores),
            "jours": len(reported.days),
            "produits": len(reported.products),
        },
        "differences": find_differences(expected, reported),
    }


def _print(result: dict[str, Any]) -> None:
    console.print(f"envoyées          {result['envoyees']}")
    console.print(f"déjà connues      {result['deja_connues']}")
    console.print(f"refusées          {sum(result['refusees'].values())}")
    for code, count in result["refusees"].items():
        console.print(f"  {code}: {count}")
    console.print(f"mises à l'écart   {sum(result['mises_a_l_ecart'].values())} lignes")
    for reason, count in result["mises_a_l_ecart"].items():
        console.print(f"  {reason}: {count}")
    rate, seconds = result["ventes_par_seconde"], result["secondes"]
    console.print(f"débit             {rate} ventes/s pendant {seconds} s")
    if delay := result["delai_rapport_ms"]:
        console.print(
            f"du 201 au rapport {delay['mediane']:.0f} ms (médiane), {delay['p99']:.0f} ms (p99), "
            f"{delay['mesures']} mesures"
        )
    if unseen := result["jamais_vues"]:
        console.print(f"  [red]{unseen} ventes mesurées absentes du rapport[/red]")
    report = result["rapport"]
    console.print(
        f"rapport           {report['ventes']} ventes, {report['total']:.2f} en tout, "
        f"{report['magasins']} magasins, {report['jours']} jours, {report['produits']} produits"
    )
    differences = result["differences"]
    for line in differences[:DIFFERENCES_SHOWN]:
        console.print(f"  [red]{line}[/red]")
    verdict = f"[red]DIFFÉRENCE ({len(differences)})[/red]" if differences else "[green]OK[/green]"
    console.print(f"totaux            {verdict}")


if __name__ == "__main__":
    sys.exit(main())
