"""Stores ask a centre for goods and receive them; they also send goods to each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from uuid_utils.compat import uuid7

from tests.system.faults.history import Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

    import asyncpg

    from tests.system.faults.client import Client
    from tests.system.faults.goods import Goods
    from tests.system.faults.history import History

CENTRE_UNITS = 40  # of each product: some requests find too little
LEAST_ROUNDS = 6
AT_ONCE = 3  # people who fulfil one request
SHARE_STEPS = 0.4  # of the requests go step by step
SHARE_DIFFERENCE = 0.6  # of the transfers that arrive at once
SHARE_MISSING = 0.8  # of these; of the others too much arrives
PAUSE_SECONDS = 0.3


@dataclass(slots=True)
class AskedGoods:
    """A request of a store, and those who send its goods, each under a key."""

    asking: Operation
    sendings: list[Operation] = field(default_factory=list)

    @property
    def number(self) -> int | None:
        return int(self.asking.answers[0]["id"]) if self.asking.answers else None


@dataclass(slots=True)
class Arrival:
    """A reception that somebody asks for; units of None are all that are expected."""

    operation: Operation
    units: Mapping[int, int] | None = None
    has_reason: bool = False


@dataclass(slots=True)
class SentGoods:
    """A transfer between two stores, with those who ship it and those who receive it."""

    id: UUID
    units: Mapping[int, int]
    shippings: list[Operation]
    arrivals: list[Arrival] = field(default_factory=list)


class GoodsOffice:
    """Moves goods between the centre and the stores, by several people at once."""

    def __init__(self, client: Client, url: str, history: History, goods: Goods) -> None:
        self._client = client
        self._url = url
        self._history = history
        self._goods = goods

    async def run(self, random: Random, name: str, until: asyncio.Event) -> None:
        """Ask for goods and send others, until the faults are over."""
        done = 0
        while done < LEAST_ROUNDS or not until.is_set():
            await self._request(random, f"{name}-request-{done}")
            await self._transfer(random, f"{name}-transfer-{done}")
            done += 1
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def _request(self, random: Random, key: str) -> None:
        [product], units = self._goods.choose(random, 1), random.randint(1, 12)
        store_id = random.choice(list(self._history.stores))
        asked = AskedGoods(Operation(key, store_id, {product: units}))
        self._history.requests.append(asked)
        by_steps, is_partial = random.random() < SHARE_STEPS, random.random() < 0.5
        body = {
            "produit_id": product,
            "quantite": units,
            "magasin_id": store_id,
            "centre_id": self._history.centre_id,
        }
        await self._insist(asked.asking, "/api/demandes/", body)
        if asked.number is None:
            return
        query = "?partiel=true" if is_partial else ""
        asked.sendings = [Operation(f"{key}-{number}", 0, {}) for number in range(AT_ONCE)]
        path = f"/api/demandes/traiter/{asked.number}{query}"
        if by_steps:
            url = f"/api/demandes/{asked.number}"
            await self._insist(Operation(f"{key}-approval", 0, {}), f"{url}/approbation")
            path = f"{url}/expedition{query}"
        await self._at_once(path, asked.sendings)
        if by_steps and any(each.outcome is Outcome.DONE for each in asked.sendings):
            arrivals = [Operation(f"{key}-arrival-{number}", 0, {}) for number in range(2)]
            await self._at_once(f"{url}/reception", arrivals)

    async def _transfer(self, random: Random, key: str) -> None:
        sender, receiver = random.sample(list(self._history.stores), 2)
        units = {product: random.randint(1, 4) for product in self._goods.choose(random, 2)}
        shippings = [Operation(f"{key}-{number}", sender, units) for number in range(2)]
        sent = SentGoods(UUID(int=uuid7().int), units, shippings)
        self._history.transfers.append(sent)
        sent.arrivals = _choose_arrivals(random, key, units)
        draft = {
            "de": sender,
            "vers": receiver,
            "lignes": _lines(units),
            "transfert_id": str(sent.id),
        }
        url = f"/api/stock/transferts/{sent.id}"
        await self._insist(Operation(f"{key}-draft", sender, {}), "/api/stock/transferts", draft)
        await self._at_once(f"{url}/expedition", shippings)
        if not any(each.outcome is Outcome.DONE for each in shippings):
            sent.arrivals = []
            return
        async with asyncio.TaskGroup() as people:
            for each in sent.arrivals:
                body = _describe(each)
                for _ in range(2):  # a repetition of the same request, at the same time
                    people.create_task(self._insist(each.operation, f"{url}/reception", body))

    async def _at_once(self, path: str, operations: Sequence[Operation]) -> None:
        async with asyncio.TaskGroup() as people:
            for each in operations:
                people.create_task(self._insist(each, path))

    async def _insist(
        self, operation: Operation, path: str, body: dict[str, Any] | None = None
    ) -> None:
        await self._client.insist(operation, self._url + path, body or {}, {})


def _choose_arrivals(random: Random, key: str, units: Mapping[int, int]) -> list[Arrival]:
    """Return one reception of all, one with a difference, or one for each product."""
    if random.random() >= SHARE_DIFFERENCE:
        whole = Arrival(Operation(f"{key}-arrival", 0, {}))
        parts = [
            Arrival(Operation(f"{key}-arrival-{product}", 0, {}), {product: count})
            for product, count in units.items()
        ]
        return random.choice([[whole], parts])
    is_missing = random.random() < SHARE_MISSING
    counted = {
        product: random.randint(0, count - 1) if is_missing else count + 1
        for product, count in units.items()
    }
    return [Arrival(Operation(f"{key}-arrival", 0, {}), counted, has_reason=True)]


def _describe(arrival: Arrival) -> dict[str, Any]:
    body: dict[str, Any] = {} if arrival.units is None else {"lignes": _lines(arrival.units)}
    return body | ({"motif_ecart": "Essai"} if arrival.has_reason else {})


def _lines(units: Mapping[int, int]) -> list[dict[str, int]]:
    return [{"produit_id": product, "quantite": count} for product, count in units.items()]


async def count_moved(
    connection: asyncpg.Connection, store_ids: list[int]
) -> Counter[tuple[int, int]]:
    """Return the units that transfers brought into each level of some stores, less those taken."""
    rows = await connection.fetch(
        """
        SELECT t.to_store_id AS store_id, product_id, sum(received) AS units
        FROM transfer_lines JOIN transfers AS t ON t.id = transfer_id
        WHERE t.to_store_id = ANY($1) GROUP BY 1, 2
        UNION ALL
        SELECT t.from_store_id, product_id, -sum(shipped)
        FROM transfer_lines JOIN transfers AS t ON t.id = transfer_id
        WHERE t.from_store_id = ANY($1) GROUP BY 1, 2
        """,
        store_ids,
    )
    moved: Counter[tuple[int, int]] = Counter()
    for row in rows:
        moved[row["store_id"], row["product_id"]] += int(row["units"])
    return moved


async def judge_moved(connection: asyncpg.Connection, history: History) -> list[str]:
    """Check that each request and each step took effect once, with the goods of the centre."""
    transfers = {
        row["id"]: row
        for row in await connection.fetch(
            """
            SELECT id, status, request.request_id, arrived.count AS receptions
            FROM transfers
            LEFT JOIN LATERAL (
                SELECT r.id AS request_id FROM replenishment_requests AS r
                WHERE r.transfer_id = transfers.id
            ) AS request ON true
            CROSS JOIN LATERAL (
                SELECT count(*) FROM transfer_receptions WHERE transfer_id = transfers.id
            ) AS arrived
            WHERE from_store_id = ANY($1) OR from_store_id = $2
            """,
            list(history.stores),
            history.centre_id,
        )
    }
    lines: dict[UUID, dict[int, tuple[int, int]]] = {}
    for row in await connection.fetch(
        "SELECT * FROM transfer_lines WHERE transfer_id = ANY($1)", list(transfers)
    ):
        of_transfer = lines.setdefault(row["transfer_id"], {})
        of_transfer[row["product_id"]] = (row["received"], row["difference"])
    known = {each.id for each in history.transfers}
    found = [
        f"transfer {id} belongs to no request"
        for id, row in transfers.items()
        if id not in known and row["request_id"] is None
    ]
    for asked in history.requests:
        found += judge_request(asked)
    for sent in history.transfers:
        if sent.id in transfers:
            found += judge_transfer(sent, transfers[sent.id], lines[sent.id])
    return found + await _judge_centre(connection, history)


def judge_request(asked: AskedGoods) -> list[str]:
    done = [each for each in asked.sendings if each.outcome is Outcome.DONE]
    return [f"{asked.asking.key}: is fulfilled {len(done)} times"] if len(done) > 1 else []


def judge_transfer(sent: SentGoods, row: Any, arrived: Mapping[int, tuple[int, int]]) -> list[str]:
    shipped = [each for each in sent.shippings if each.outcome is Outcome.DONE]
    if len(shipped) > 1:
        return [f"transfer {sent.id}: is shipped {len(shipped)} times"]
    if shipped and row["status"] not in ("shipped", "received"):
        return [f"transfer {sent.id}: answered as shipped, and is {row['status']}"]
    done = [each for each in sent.arrivals if each.operation.outcome is Outcome.DONE]
    if any(each.operation.outcome is Outcome.UNKNOWN for each in sent.arrivals):
        return []
    if row["receptions"] != len(done):
        return [f"transfer {sent.id}: {len(done)} receptions, and {row['receptions']} recorded"]
    expected: Counter[int] = Counter()
    for each in done:
        expected.update(dict(sent.units if each.units is None else each.units))
    received = {product: units for product, (units, _) in arrived.items() if units}
    if received != dict(+expected):
        return [f"transfer {sent.id}: {dict(expected)} arrived, and {received} recorded"]
    if any(each.has_reason for each in done):
        said = {product: expected[product] - units for product, units in sent.units.items()}
        named = {product: units for product, (_, units) in arrived.items()}
        if named != said:
            return [f"transfer {sent.id}: a difference of {said}, and {named} is named"]
    return []


async def _judge_centre(connection: asyncpg.Connection, history: History) -> list[str]:
    """Compare the centre's levels with what was answered as sent."""
    sent: Counter[int] = Counter()
    for asked in history.requests:
        [product] = asked.asking.quantities
        for each in asked.sendings:
            if each.outcome is Outcome.UNKNOWN:
                return []
            if each.outcome is Outcome.DONE:
                answer = each.answers[0]
                sent[product] += answer.get("demande", answer)["quantite_expediee"]
    rows = await connection.fetch(
        "SELECT product_id, on_hand FROM stock_levels WHERE store_id = $1", history.centre_id
    )
    return [
        f"the centre has {row['on_hand']} of product {row['product_id']}, and sent "
        f"{sent[row['product_id']]} of {CENTRE_UNITS}"
        for row in rows
        if row["on_hand"] != CENTRE_UNITS - sent[row["product_id"]]
    ]
