"""Compares the report with the replay's accepted invoices."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from infra.tools.measure.replay.catalogue import Numbers
from infra.tools.measure.replay.reading import Invoice
from infra.tools.rest import RestClient, address_of

CATCH_UP_SECONDS = 120.0
POLL_SECONDS = 0.2
DAYS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Totals:
    """Cents by store and day, and by product; `sales` counts the receipts."""

    sales: int
    store_days: dict[tuple[int, str], int]
    products: dict[int, int]

    @property
    def stores(self) -> dict[int, int]:
        return _sum_by((store, cents) for (store, _), cents in self.store_days.items())

    @property
    def days(self) -> dict[str, int]:
        return _sum_by((day, cents) for (_, day), cents in self.store_days.items())

    @property
    def cents(self) -> int:
        return sum(self.store_days.values())


def expect_totals(invoices: list[Invoice], numbers: Numbers) -> Totals:
    """Sum the accepted invoices."""
    store_days: Counter[tuple[int, str]] = Counter()
    products: Counter[int] = Counter()
    for invoice in invoices:
        day = invoice.sold_at.date().isoformat()
        store_days[numbers.stores[invoice.store], day] += invoice.cents
        for line in invoice.lines:
            products[numbers.products[line.sku]] += line.cents
    return Totals(len(invoices), dict(store_days), dict(products))


async def read_totals(
    client: RestClient, numbers: Numbers, first: date, last: date, sales: int
) -> Totals:
    """Wait until the report has counted `sales`, then read its totals of our stores and products.

    Stops waiting after `CATCH_UP_SECONDS` without progress.
    """
    stores = set(numbers.stores.values())
    counted = await _wait_for(client, stores, first, last, sales)
    turn = asyncio.Semaphore(DAYS_AT_ONCE)

    async def read_day(day: date) -> dict[tuple[int, str], int]:
        async with turn:
            lines = await _read_stores(client, stores, day, day)
        return {
            (line["magasin_id"], day.isoformat()): _cents(line["total_ventes"]) for line in lines
        }

    length = (last - first).days + 1
    parts = await asyncio.gather(*(read_day(first + timedelta(days=n)) for n in range(length)))
    products = await _read_products(client, set(numbers.products.values()), first, last)
    return Totals(counted, {key: cents for part in parts for key, cents in part.items()}, products)


async def _read_products(
    client: RestClient, ours: set[int], first: date, last: date
) -> dict[int, int]:
    url = f"{address_of('report')}/api/ventes/rapport"
    period = {"date_debut": first.isoformat(), "date_fin": last.isoformat()}
    report = await client.get(url, **period, limite=10_000)
    return {
        each["produit_id"]: _cents(each["total"])
        for each in report["produits"]
        if each["produit_id"] in ours
    }


async def _read_stores(
    client: RestClient, ours: set[int], first: date, last: date
) -> list[dict[str, Any]]:
    """Return the lines of our stores; other stores may sell on the same days."""
    url = f"{address_of('report')}/api/rapports/ventes"
    answer = await client.get(url, date_debut=first.isoformat(), date_fin=last.isoformat())
    return [line for line in answer["rapport"] if line["magasin_id"] in ours]


async def _wait_for(
    client: RestClient, stores: set[int], first: date, last: date, sales: int
) -> int:
    clock = asyncio.get_running_loop()
    counted, moved = -1, clock.time()
    while True:
        now = sum(line["nombre_ventes"] for line in await _read_stores(client, stores, first, last))
        if now != counted:
            counted, moved = now, clock.time()
        if counted >= sales or clock.time() - moved > CATCH_UP_SECONDS:
            return counted
        await asyncio.sleep(POLL_SECONDS)


def find_differences(expected: Totals, reported: Totals) -> list[str]:
    """Describe every total that differs, by a cent or more."""
    found = []
    if expected.sales != reported.sales:
        found.append(f"sales: {expected.sales} expected, {reported.sales} in the report")
    grains: list[tuple[str, dict[Any, int], dict[Any, int]]] = [
        ("store", expected.stores, reported.stores),
        ("day", expected.days, reported.days),
        ("store and day", expected.store_days, reported.store_days),
        ("product", expected.products, reported.products),
    ]
    for grain, wanted, seen in grains:
        for key in sorted(wanted.keys() | seen.keys()):
            # The report may list a day without sales as 0.
            if wanted.get(key, 0) != seen.get(key, 0):
                found.append(
                    f"{grain} {key}: {wanted.get(key, 0)} cents expected, "
                    f"{seen.get(key, 0)} in the report"
                )
    return found


def _sum_by(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: Counter[Any] = Counter()
    for key, cents in pairs:
        sums[key] += cents
    return dict(sums)


def _cents(amount: float) -> int:
    return round(amount * 100)
