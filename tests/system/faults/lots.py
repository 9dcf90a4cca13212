"""Tills deliver what they sold offline: in whole, in part and again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import httpx
from uuid_utils.compat import uuid7

from infra.tools.rest import AGAIN_CODES, AGAIN_STATUSES
from tests.system.faults.client import PATIENCE_SECONDS, patiently
from tests.system.faults.discounts import ask_for_discounts
from tests.system.faults.history import History, Offline, Operation, Outcome
from tests.system.faults.paying import choose_payments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from tests.system.faults.goods import Goods
    from tests.system.faults.verdict import RecordedSale

SHARE_OFFLINE = 0.06  # of the operations: a lot comes besides
MOST_SALES = 5
SHARE_FORCED = 0.3
SHARE_BACKDATED = 0.3
FORCED_PRICE = 1.1  # no product has this price; the cheapest one costs less
# A wrong clock differs by an hour at most, so these are not ahead of it. A day is the limit between
# the last two.
SHORTLY, LATELY, BACKDATED = timedelta(hours=1), timedelta(hours=3), timedelta(days=2)


def sell_offline(key: str, store_id: int, goods: Goods) -> list[Offline]:
    """Return what a till has sold offline when it sends its next request; mostly nothing."""
    # A generator of its own: the till draws the same numbers as without lots.
    random = Random(f"{key}/lot")
    if random.random() >= SHARE_OFFLINE:
        return []
    return [
        sell_one(random, f"{key}-offline-{number}", store_id, goods)
        for number in range(random.randint(2, MOST_SALES))
    ]


def sell_one(
    random: Random, key: str, store_id: int, goods: Goods, share_backdated: float = SHARE_BACKDATED
) -> Offline:
    """Return a sale of one to three hours ago, or of some days ago."""
    operation = Operation(
        key, store_id, {each: random.randint(1, 3) for each in goods.choose(random, 3)}
    )
    is_price_forced = random.random() < SHARE_FORCED
    is_backdated = random.random() < share_backdated
    ago = BACKDATED if is_backdated else SHORTLY + (LATELY - SHORTLY) * random.random()
    lines: list[dict[str, Any]] = [
        {"produit_id": id, "quantite": n} for id, n in operation.quantities.items()
    ]
    if is_price_forced:
        lines[0]["prix_unitaire"] = FORCED_PRICE
    body = {
        "vente_id": str(uuid7()),
        "date": (datetime.now(UTC) - ago).isoformat(timespec="seconds"),
        "magasin_id": store_id,
        "panier": lines,
    }
    body |= choose_payments(key)
    ask_for_discounts(body, operation)
    return Offline(operation, body, is_price_forced, is_backdated)


class OfflineTill:
    """Delivers lots, and notes in the history what became of each sale."""

    def __init__(self, http: httpx.AsyncClient, url: str, history: History) -> None:
        self._http = http
        self._url = f"{url}/api/ventes/lots"
        self._history = history

    async def deliver(self, lot: Sequence[Offline], token: str) -> None:
        """Deliver a part and then the whole, or the whole twice at once; each until it is final."""
        self._history.offline += lot
        self._history.sales += [each.operation for each in lot]
        random = Random(f"{lot[0].operation.key}/delivery")
        if random.random() < 0.5:
            await self.insist(lot[: random.randint(1, len(lot))], token)
            await self.insist(lot, token)
            return
        async with asyncio.TaskGroup() as both:
            both.create_task(self.insist(lot, token))
            both.create_task(self.insist(lot, token))

    async def insist(self, lot: Sequence[Offline], token: str) -> None:
        """Repeat a lot until the result of each sale is final."""
        if not await patiently(lambda: self._send(lot, token)):
            self._history.surprises.append(
                f"{lot[0].operation.key}: no answer for {PATIENCE_SECONDS} s"
            )

    async def _send(self, lot: Sequence[Offline], token: str) -> bool:
        """Send a lot once; tell whether each result is final."""
        for each in lot:
            each.operation.attempts += 1
        body = {"ventes": [each.body for each in lot]}
        try:
            answer = await self._http.post(self._url, json=body, headers={"x-token": token})
        except httpx.TransportError:
            return False
        if answer.status_code in AGAIN_STATUSES:
            return False
        if answer.status_code != 200:
            key = lot[0].operation.key
            self._history.surprises.append(f"{key}: {answer.status_code} {answer.text[:300]}")
            return True
        results = answer.json()["resultats"]
        # Each result is noted, also after one that is not final.
        are_final = [self._note(*pair) for pair in zip(lot, results, strict=True)]
        return all(are_final)

    def _note(self, sold: Offline, result: dict[str, Any]) -> bool:
        """Note a result; tell whether it is final."""
        operation, status = sold.operation, result["statut"]
        code = result.get("probleme", {}).get("code")
        if status == 202 or status in AGAIN_STATUSES or code in AGAIN_CODES:
            return False
        if status in (200, 201):
            operation.outcome = Outcome.DONE
            operation.answers.append(result["vente"])
        else:
            self._history.surprises.append(f"{operation.key}: sold offline, and refused: {result}")
        return True


def judge_offline(history: History, sales: Mapping[UUID, RecordedSale]) -> list[str]:
    """Check that what was sold offline is final, and marked where its till had no right to it."""
    found = []
    for sold in history.offline:
        sale = sales.get(sold.id)
        if sale is None:
            continue  # judged by its answers
        if sale.stock_policy != "permissive":
            found.append(f"{sold.operation.key}: sold offline, and left to the stock")
        marks = (sale.is_price_forced, sale.is_backdated)
        if marks != (sold.is_price_forced, sold.is_backdated):
            found.append(f"{sold.operation.key}: sold offline, and marked {marks}")
    return found
