"""The head office adds rates of taxes while tills sell; no sale misses a rate that is answered."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import uuid4

import httpx

from tests.system.faults.head_office import HeadOffice
from tests.system.faults.history import History
from tests.system.faults.lab import Lab

LEAST_RATES = 3
PAUSE_SECONDS = 1.0  # a sale after a new rate reads the catalogue again
FIRST_DAY = date(2000, 1, 1)


def rate_of(number: int) -> Decimal:
    """Return the rate of this number: each is higher than the one before it."""
    return Decimal("0.1") + Decimal(number).scaleb(-6)


class TaxOffice:
    """Adds rates at a place of its own, each from a later day, and all in force today."""

    def __init__(self, http: httpx.AsyncClient, url: str, history: History) -> None:
        self._office = HeadOffice(http, f"{url}/api/taxes/", history)
        self._history = history
        self.place = f"F{uuid4().hex[:8].upper()}"

    async def run(self, random: Random, until: asyncio.Event) -> None:
        """Work until the faults are over, and for some rates at least."""
        while self._history.rates < LEAST_RATES or not until.is_set():
            if not await self.add_rate():
                return
            await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))

    async def add_rate(self) -> bool:
        number = self._history.rates + 1
        body = {
            "lieu": self.place,
            "classe": "taxable",
            "code": "TX",
            "taux": str(rate_of(number)),
            "du": str(FIRST_DAY + timedelta(days=number)),
        }
        has_effect = await self._office.insist("POST", "", body)
        if has_effect:
            self._history.rates = number
        return has_effect


_READ_TAXED = """
    SELECT key, taxes->0->>'rate' AS rate FROM idempotency_keys
    JOIN sales ON sales.id = CAST(resource_id AS uuid)
    WHERE key = ANY($1) AND tax_exemption IS NULL
        AND EXISTS (SELECT FROM sale_lines WHERE sale_id = sales.id AND tax_class = 'taxable')
"""


async def judge_rates(lab: Lab, history: History) -> list[str]:
    """Check that each sale has the newest rate that was answered before it began, or a newer one.

    A rate counts from its commit, which is before its answer.
    """
    least = {
        sale.key: rate_of(sale.rates)
        for sale in history.sales
        if sale.store_id in history.taxed_stores
    }
    async with lab.connection("sales") as connection:
        rows = await connection.fetch(_READ_TAXED, list(least))
    return [
        f"{row['key']}: taxed by {row['rate']}, answered before it began {least[row['key']]}"
        for row in rows
        if row["rate"] is None or Decimal(row["rate"]) < least[row["key"]]
    ]
