"""What the report must say after the replay, and whether it does."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from infra.replay.catalogue import Numbers
from infra.replay.reading import Invoice
from infra.rest import RestClient, address_of

DAYS_PER_REQUEST = 366
CATCH_UP_SECONDS = 120.0
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Totals:
    """Cents by store, by day and by product; `sales` counts the receipts."""

    sales: int
    stores: dict[int, int]
    days: dict[str, int]
    products: dict[int, int]

    @property
    def cents(self) -> int:
        return sum(self.stores.values())


def expect_totals(invoices: list[Invoice], numbers: Numbers) -> Totals:
    """What the accepted invoices add up to."""
    stores: Counter[int] = Counter()
    days: Counter[str] = Counter()
    products: Counter[int] = Counter()
    for invoice in invoices:
        stores[numbers.stores[invoice.store]] += invoice.cents
        days[invoice.sold_at.date().isoformat()] += invoice.cents
        for line in invoice.lines:
            products[numbers.products[line.sku]] += line.cents
    return Totals(len(invoices), dict(stores), dict(days), dict(products))


async def read_totals(client: RestClient, first: date, last: date, sales: int) -> Totals:
    """The report's totals of these days, as soon as it has counted `sales`.

    When it has not after `CATCH_UP_SECONDS` without progress, what it says then.
    """
    await _wait_for(client, first, last, sales)
    url = f"{address_of('report')}/api/ventes/rapport"
    period = {"date_debut": first.isoformat(), "date_fin": last.isoformat()}
    report = await client.get(url, **period, limite=10_000)
    days: dict[str, int] = {}
    start = first
    while start <= last:
        end = min(last, start + timedelta(days=DAYS_PER_REQUEST - 1))
        part = await client.get(url, date_debut=start.isoformat(), date_fin=end.isoformat())
        days |= {day["jour"]: _cents(day["total"]) for day in part["tendance_journaliere"]}
        start = end + timedelta(days=1)
    return Totals(
        report["nombre_ventes"],
        {each["magasin_id"]: _cents(each["total"]) for each in report["ventes_par_magasin"]},
        days,
        {each["produit_id"]: _cents(each["total"]) for each in report["produits"]},
    )


async def _wait_for(client: RestClient, first: date, last: date, sales: int) -> None:
    clock = asyncio.get_running_loop()
    url = f"{address_of('report')}/api/rapports/ventes"
    counted, moved = -1, clock.time()
    while counted < sales and clock.time() - moved < CATCH_UP_SECONDS:
        answer = await client.get(url, date_debut=first.isoformat(), date_fin=last.isoformat())
        now = sum(store["nombre_ventes"] for store in answer["rapport"])
        if now != counted:
            counted, moved = now, clock.time()
        if counted < sales:
            await asyncio.sleep(POLL_SECONDS)


def find_differences(expected: Totals, reported: Totals) -> list[str]:
    """Every total that is not equal to the cent, in words."""
    found = []
    if expected.sales != reported.sales:
        found.append(f"ventes : {expected.sales} attendues, {reported.sales} au rapport")
    grains: list[tuple[str, dict[Any, int], dict[Any, int]]] = [
        ("magasin", expected.stores, reported.stores),
        ("jour", expected.days, reported.days),
        ("produit", expected.products, reported.products),
    ]
    for grain, wanted, seen in grains:
        for key in sorted(wanted.keys() | seen.keys()):
            # A day without sales may stand in the report with 0.
            if wanted.get(key, 0) != seen.get(key, 0):
                found.append(
                    f"{grain} {key} : {wanted.get(key, 0)} centimes attendus, "
                    f"{seen.get(key, 0)} au rapport"
                )
    return found


def _cents(amount: float) -> int:
    return round(amount * 100)
