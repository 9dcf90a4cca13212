"""Head office posts lots of movements to all stores, each by two requests with the same key."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.system.faults.costs import choose_cost
from tests.system.faults.history import Operation, Outcome, PostedLot

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    import asyncpg

    from tests.system.faults.client import Client
    from tests.system.faults.goods import Goods
    from tests.system.faults.history import History

LEAST_ROUNDS = 4
AT_ONCE = 2  # lots of the same products, in opposite orders
SHARE_RECEPTIONS = 0.4  # so that goods stay scarce
# A strict store has not that much of most products.
SHARE_EXCESSIVE, EXCESSIVE_UNITS = 0.1, 60
PAUSE_SECONDS = 0.5


class LotOffice:
    """Posts lots of receptions and corrections, until the faults are over."""

    def __init__(self, client: Client, url: str, history: History, goods: Goods) -> None:
        self._client = client
        self._url = f"{url}/api/stock/mouvements/lots"
        self._history = history
        self._goods = goods

    async def run(self, random: Random, name: str, until: asyncio.Event) -> None:
        done = 0
        while done < LEAST_ROUNDS or not until.is_set():
            async with asyncio.TaskGroup() as people:
                for number in range(AT_ONCE):
                    lot, body = self._make(random, f"{name}-lot-{done}-{number}")
                    if number:
                        body["lignes"].reverse()
                    people.create_task(self._post(lot, body))
            done += 1
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    def _make(self, random: Random, key: str) -> tuple[PostedLot, dict[str, Any]]:
        is_reception = random.random() < SHARE_RECEPTIONS
        is_excessive = random.random() < SHARE_EXCESSIVE
        most = EXCESSIVE_UNITS if is_excessive else 3
        units = {
            (store_id, product): random.randint(1, most) * (1 if is_reception else -1)
            for store_id in self._history.stores
            for product in self._goods.choose(random, 3)
        }
        lines = [
            {"magasin_id": store_id, "produit_id": product, "quantite": count}
            | (choose_cost(random) if is_reception else {})
            for (store_id, product), count in units.items()
        ]
        body: dict[str, Any] = {"type": "reception", "lignes": lines}
        if not is_reception:
            body |= {"type": "ajustement", "motif": "Casse"}
        return PostedLot(Operation(key, 0, {}), units), body

    async def _post(self, lot: PostedLot, body: dict[str, Any]) -> None:
        self._history.lots.append(lot)
        async with asyncio.TaskGroup() as both:
            for _ in range(2):
                both.create_task(self._client.insist(lot.operation, self._url, body, {}))


def count_of_lots(history: History) -> Counter[tuple[int, int]]:
    """Return the units that the answered lots brought into each level."""
    moved: Counter[tuple[int, int]] = Counter()
    for lot in history.lots:
        if lot.operation.outcome is Outcome.DONE:
            moved.update(lot.units)
    return moved


async def judge_lots(connection: asyncpg.Connection, history: History) -> list[str]:
    """Compare the documents of each answered lot with the ledger."""
    documents = {
        UUID(document["document_id"])
        for lot in history.lots
        for answer in lot.operation.answers
        for document in answer["documents"]
    }
    ledger: dict[UUID, dict[tuple[int, int], int]] = defaultdict(dict)
    for row in await connection.fetch(
        "SELECT document_id, store_id, product_id, delta FROM movements"
        " WHERE document_id = ANY($1)",
        list(documents),
    ):
        ledger[row["document_id"]][row["store_id"], row["product_id"]] = row["delta"]
    return [fault for lot in history.lots for fault in judge_lot(lot, ledger)]


def judge_lot(lot: PostedLot, ledger: Mapping[UUID, Mapping[tuple[int, int], int]]) -> list[str]:
    """Check that a lot was posted once and whole, as its answers say."""
    key = lot.operation.key
    said = {
        frozenset(UUID(document["document_id"]) for document in answer["documents"])
        for answer in lot.operation.answers
    }
    if len(said) > 1:
        return [f"{key}: a lot was posted {len(said)} times"]
    found: dict[tuple[int, int], int] = {}
    for documents in said:
        for document in documents:
            found.update(ledger.get(document, {}))
    if said and found != dict(lot.units):
        return [f"{key}: a lot of {dict(lot.units)}, and the ledger has {found}"]
    return []
