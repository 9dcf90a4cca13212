"""Managers close days, while others sell on them, date sales back, undo some and move cash."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.system.faults.history import OfDay, Operation, Outcome
from tests.system.faults.paying import choose_payments
from tests.system.faults.undoing import undo

if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from datetime import date

    from tests.system.faults.cash import CashOffice
    from tests.system.faults.client import Client
    from tests.system.faults.goods import Goods
    from tests.system.faults.history import History
    from tests.system.faults.lab import Lab

ZONE = ZoneInfo("America/Toronto")  # of stores that are opened without one
PAST_DAYS = 5
DATED_SALES = 3  # of each past day, at once with its closing
PAUSE_SECONDS = 0.5
DOUBLED_SHARE = 0.3
UNDONE_SHARE = 0.3
CLOSED = "journee-close"
PENDING = "ventes-en-attente"
MOST_ATTEMPTS = 5  # after that the closing of the next day closes this one, too
OPEN_DAYS = timedelta(days=1)  # older ones than yesterday may close by themselves


class DayOffice:
    """Closes the days of stores in their order, each by one manager or by two at once."""

    def __init__(
        self, client: Client, url: str, history: History, goods: Goods, cash: CashOffice
    ) -> None:
        self._client = client
        self._url = url
        self._history = history
        self._goods = goods
        self._cash = cash

    async def run(self, random: Random, key: str, store_id: int, token: str) -> None:
        """Close the past days of a store, with sales that are dated back to them, then today.

        Cash moves at once with each closing, and some is refused afterwards.
        """
        today = datetime.now(ZONE).date()
        for ago in range(PAST_DAYS, -1, -1):
            day = today - timedelta(days=ago)
            name = f"{key}-{store_id}-{day}"
            async with asyncio.TaskGroup() as people:
                if ago:
                    for number in range(DATED_SALES):
                        sale = self._sell(random, f"{name}-sale-{number}", store_id, day)
                        people.create_task(sale)
                self._cash.begin(people, name, store_id, day, token)
                for number in range(2 if random.random() < DOUBLED_SHARE else 1):
                    people.create_task(self._close(f"{name}-{number}", store_id, day, token))
            await self._sell(random, f"{name}-late", store_id, day)
            await self._cash.move(f"{name}-late-cash", store_id, day, token)
            await asyncio.sleep(random.uniform(0, 2 * PAUSE_SECONDS))

    async def _close(self, key: str, store_id: int, day: date, token: str) -> None:
        closing = OfDay(Operation(key, store_id, {}), day, _now())
        self._history.closings.append(closing)
        url = f"{self._url}/api/magasins/{store_id}/journees/{day}/cloture"
        for _ in range(MOST_ATTEMPTS):
            await self._client.insist(closing.operation, url, {}, {"x-token": token})
            if not _waits_for_stock(closing.operation):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        closing.answered_at = _now()

    async def _sell(self, random: Random, key: str, store_id: int, day: date) -> None:
        """Sell something on a day, by a key that may date sales back, and mostly keep it."""
        [product] = self._goods.choose(random, 1)
        sale = OfDay(Operation(key, store_id, {product: 1}, rates=self._history.rates), day, _now())
        self._history.sales.append(sale.operation)
        self._history.dated.append(sale)
        body: dict[str, Any] = {
            "magasin_id": store_id,
            "panier": [{"produit_id": product, "quantite": 1}],
            "date": day.isoformat(),
            "caisse": "caisse 1",
        } | choose_payments(key)
        await self._client.insist(sale.operation, f"{self._url}/api/ventes/", body, {})
        sale.answered_at = _now()
        # A generator of its own: several of these sales are under way.
        is_undone = Random(f"{key}/undone").random() < UNDONE_SHARE
        if is_undone and sale.operation.outcome is Outcome.DONE:
            await undo(self._client, self._url, self._history, sale.operation)


def _waits_for_stock(closing: Operation) -> bool:
    return closing.outcome is Outcome.REFUSED and closing.refusal == PENDING


def _now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, slots=True)
class DatedSale:
    """What the sales service stores of a sale that was dated back."""

    business_date: date
    is_late: bool


_READ_DATED = """
    SELECT key, business_date, is_late FROM idempotency_keys
    JOIN sales ON sales.id = CAST(resource_id AS uuid) WHERE key = ANY($1)
"""
_READ_CLOSINGS = "SELECT store_id, business_date FROM day_closings WHERE store_id = ANY($1)"


async def judge_days(lab: Lab, history: History) -> list[str]:
    """Compare what the managers and the dated sales were answered with the sales service."""
    async with lab.connection("sales") as connection:
        rows = await connection.fetch(_READ_DATED, [each.operation.key for each in history.dated])
        sales = {row["key"]: DatedSale(row["business_date"], row["is_late"]) for row in rows}
        closings = await connection.fetch(_READ_CLOSINGS, list(history.stores))
    sealed = {(row["store_id"], row["business_date"]) for row in closings}
    return judge_closings(history, sealed) + judge_dated(history, sales)


def judge_closings(history: History, sealed: Set[tuple[int, date]]) -> list[str]:
    """Check that each day was closed for one manager at most, and that it was closed."""
    done = Counter(
        (each.operation.store_id, each.day)
        for each in history.closings
        if each.operation.outcome is Outcome.DONE
    )
    return [
        *(f"store {s} on {day}: two managers closed it" for (s, day), n in done.items() if n > 1),
        *(
            f"store {store_id} on {day}: a manager closed it, and there is no closing"
            for store_id, day in done.keys() - sealed
        ),
    ]


def judge_dated(history: History, sales: Mapping[str, DatedSale]) -> list[str]:
    """Check that a sale keeps its day, and is late when it began after the day was closed."""
    found = []
    for sold in history.dated:
        key, sale = sold.operation.key, sales.get(sold.operation.key)
        if sale is None:
            continue  # refused, or judged by its answers
        closings = [each for each in history.closings if is_about(each, sold)]
        if sale.business_date != sold.day:
            found.append(f"{key}: sold on {sold.day}, recorded on {sale.business_date}")
        if not sale.is_late and any(is_before(each, sold) for each in closings):
            found.append(f"{key}: in time, although {sold.day} had been closed")
        if sale.is_late and not any(may_be_before(each, sold) for each in closings):
            found.append(f"{key}: late, although nobody had closed {sold.day}")
    return found


def is_about(closing: OfDay, sold: OfDay) -> bool:
    """Return whether a closing closes the day of a document: it closes those before it, too."""
    return closing.operation.store_id == sold.operation.store_id and closing.day >= sold.day


def is_before(closing: OfDay, sold: OfDay) -> bool:
    """Return whether the day was certainly closed before the document was asked for."""
    is_closed = closing.operation.outcome is Outcome.DONE or closing.operation.refusal == CLOSED
    return is_closed and closing.answered_at is not None and closing.answered_at <= sold.asked_at


def may_be_before(closing: OfDay, sold: OfDay) -> bool:
    """Return whether the day may have been closed when the document was recorded, if by itself."""
    closes_by_itself = closing.day - sold.day > OPEN_DAYS
    return closes_by_itself or sold.answered_at is None or closing.asked_at <= sold.answered_at
