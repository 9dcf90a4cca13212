"""What the report must say of the replay's stores, and whether it does."""

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
    """What the accepted invoices add up to."""
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
    """What the report says of the replay's stores and products, once it has counted `sales`.

    When it has not after `CATCH_UP_SECONDS` without progress, what it says then.
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
    """The lines of our stores; others may sell on the same days."""
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
    """Every total that is not equal to the cent, in words."""
    found = []
    if expected.sales != reported.sales:
        found.append(f"ventes : {expected.sales} attendues, {reported.sales} au rapport")
    grains: list[tuple[str, dict[Any, int], dict[Any, int]]] = [
        ("magasin", expected.stores, reported.stores),
        ("jour", expected.days, reported.days),
        ("magasin et jour", expected.store_days, reported.store_days),
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


def _sum_by(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: Counter[Any] = Counter()
    for key, cents in pairs:
        sums[key] += cents
    return dict(sums)


def _cents(amount: float) -> int:
    return round(amount * 100)
