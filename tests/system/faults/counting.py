"""People count what lies in the shelf, while tills tell late what they sold before."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from uuid_utils.compat import uuid7

from tests.system.faults.goods import Goods
from tests.system.faults.history import Operation, Outcome
from tests.system.faults.lots import sell_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random

    import asyncpg

    from tests.system.faults.client import Client
    from tests.system.faults.history import History, Offline
    from tests.system.faults.lots import OfflineTill

SHELF_UNITS = 60
LOST_UNITS = 4  # at most, of which no document tells
LEAST_ROUNDS = 3
SALES_OF_LOT = 2
AT_ONCE = 3  # people who post one count
SHARE_CANCELLED = 0.25  # of the counts meet somebody who cancels them, too
PAUSE_SECONDS = 0.3


@dataclass(slots=True)
class StoreCount:
    """A count, and those who end it at once, each under a key."""

    id: UUID
    postings: list[Operation] = field(default_factory=list)
    cancellations: list[Operation] = field(default_factory=list)

    @property
    def is_posted(self) -> bool:
        return any(each.outcome is Outcome.DONE for each in self.postings)


class CountOffice:
    """Counts products that nobody else sells: so it knows what lies in their shelves."""

    def __init__(
        self,
        client: Client,
        urls: Mapping[str, str],
        till: OfflineTill,
        keys: Mapping[int, Mapping[str, str]],
    ) -> None:
        self._client = client
        self._urls = urls
        self._till = till
        self._keys = keys

    async def run(self, random: Random, name: str, history: History, until: asyncio.Event) -> None:
        """Count one product after the other, until the faults are over."""
        done = 0
        while done < LEAST_ROUNDS or not until.is_set():
            await self._count(random, f"{name}-shelf-{done}", history)
            done += 1
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def _count(self, random: Random, key: str, history: History) -> None:
        """Count a product twice: lots come before, at and after the postings."""
        store_id = random.choice(list(self._keys))
        making = Operation(key, 0, {})
        body = {"nom": key, "categorie": "Inventaire", "prix": 1}
        await self._client.insist(making, f"{self._urls['sales']}/api/produits/", body, {})
        if making.outcome is not Outcome.DONE:
            return
        product = int(making.answers[0]["id"])
        await self._receive(f"{key}-first", store_id, product, SHELF_UNITS, history)
        lots = [
            [
                sell_one(
                    random, f"{key}-{part}-{number}", store_id, Goods((product,)), share_backdated=0
                )
                for number in range(SALES_OF_LOT)
            ]
            for part in ("early", "meanwhile", "late")
        ]
        left = SHELF_UNITS - random.randint(0, LOST_UNITS) - _units(lots, product)
        early, meanwhile, late = lots
        counts = [StoreCount(UUID(int=uuid7().int)) for _ in range(2)]
        history.counts += counts
        await self._deliver(early, store_id)
        for each in counts:
            await self._open(each, store_id, product)
            await self._enter(each, store_id, product, left)
        async with asyncio.TaskGroup() as people:
            for each in counts:
                is_cancelled = each is not counts[0] and random.random() < SHARE_CANCELLED
                people.create_task(self._end(each, store_id, is_cancelled=is_cancelled))
            people.create_task(self._deliver(meanwhile, store_id))
            people.create_task(
                self._receive(f"{key}-second", store_id, product, SHELF_UNITS, history)
            )
        await self._deliver(late, store_id)
        if all(each.operation.outcome is Outcome.DONE for lot in lots for each in lot):
            history.shelves[store_id, product] = left + SHELF_UNITS

    async def _receive(
        self, key: str, store_id: int, product: int, units: int, history: History
    ) -> None:
        operation = Operation(key, store_id, {product: units})
        history.movements.append(operation)
        body = {
            "magasin_id": store_id,
            "type": "reception",
            "lignes": [{"produit_id": product, "quantite": units}],
            # The clock of the API may be wrong.
            "survenu_a": datetime.now(UTC).isoformat(),
        }
        await self._insist(operation, "mouvements", body)

    async def _open(self, count: StoreCount, store_id: int, product: int) -> None:
        body = {"magasin_id": store_id, "produits": [product], "inventaire_id": str(count.id)}
        await self._insist(Operation(f"{count.id}-open", store_id, {}), "inventaires", body)

    async def _enter(self, count: StoreCount, store_id: int, product: int, units: int) -> None:
        """Enter a wrong number and the right one; the wrong one comes again, and is older."""
        wrong, right = (
            {"lignes": [{"produit_id": product, "quantite": each, "compte_le": at}]}
            for each, at in ((units + 1, _now()), (units, _now()))
        )
        for number, body in enumerate((wrong, right, wrong)):
            entry = Operation(f"{count.id}-entry-{number}", store_id, {})
            await self._insist(entry, f"inventaires/{count.id}/comptages", body)

    async def _end(self, count: StoreCount, store_id: int, *, is_cancelled: bool) -> None:
        count.postings = [
            Operation(f"{count.id}-posting-{number}", store_id, {}) for number in range(AT_ONCE)
        ]
        if is_cancelled:
            count.cancellations = [Operation(f"{count.id}-cancellation", store_id, {})]
        async with asyncio.TaskGroup() as people:
            for step, operations in (
                ("cloture", count.postings),
                ("annulation", count.cancellations),
            ):
                for each in operations:
                    path = f"inventaires/{count.id}/{step}"
                    people.create_task(self._insist(each, path, {}))

    async def _deliver(self, lot: list[Offline], store_id: int) -> None:
        await self._till.deliver(lot, self._keys[store_id]["till"])

    async def _insist(self, operation: Operation, path: str, body: dict[str, Any]) -> None:
        url = f"{self._urls['stock']}/api/stock/{path}"
        token = {"x-token": self._keys[operation.store_id]["manager"]}
        await self._client.insist(operation, url, body, token)


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _units(lots: Iterable[Iterable[Offline]], product: int) -> int:
    return sum(each.operation.quantities[product] for lot in lots for each in lot)


async def sum_counted(
    connection: asyncpg.Connection, store_ids: list[int]
) -> Counter[tuple[int, int]]:
    """Return the units that counts added to each level of some stores, corrections included."""
    rows = await connection.fetch(
        """
        SELECT store_id, product_id, sum(difference) AS units
        FROM count_lines JOIN counts ON counts.id = count_id
        WHERE store_id = ANY($1) AND difference IS NOT NULL GROUP BY 1, 2
        UNION ALL
        SELECT store_id, product_id, sum(quantity) FROM count_corrections
        WHERE store_id = ANY($1) GROUP BY 1, 2
        """,
        store_ids,
    )
    counted: Counter[tuple[int, int]] = Counter()
    for row in rows:
        counted[row["store_id"], row["product_id"]] += int(row["units"])
    return counted


async def judge_counts(connection: asyncpg.Connection, history: History) -> list[str]:
    """Check that each count ended once, and that each level is what lies in its shelf."""
    rows = await connection.fetch(
        "SELECT id, status FROM counts WHERE store_id = ANY($1)", list(history.stores)
    )
    statuses = {row["id"]: row["status"] for row in rows}
    found = [fault for each in history.counts for fault in judge_count(each, statuses)]
    levels = {
        (row["store_id"], row["product_id"]): row["on_hand"]
        for row in await connection.fetch(
            "SELECT store_id, product_id, on_hand FROM stock_levels WHERE store_id = ANY($1)",
            list(history.stores),
        )
    }
    return found + [
        f"store {key[0]}, product {key[1]}: level {levels.get(key)}, and {units} lie in the shelf"
        for key, units in history.shelves.items()
        if levels.get(key) != units
    ]


def judge_count(count: StoreCount, statuses: Mapping[UUID, str]) -> list[str]:
    ends = (*count.postings, *count.cancellations)
    done = [each for each in ends if each.outcome is Outcome.DONE]
    if len(done) > 1:
        return [f"count {count.id}: is ended {len(done)} times"]
    status = statuses.get(count.id)
    if done and status != ("posted" if done[0] in count.postings else "cancelled"):
        return [f"count {count.id}: {done[0].key} was answered, and it is {status}"]
    return []
