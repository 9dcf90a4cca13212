"""Managers put cash into registers and take some out while days close; each amount counts once."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from tests.system.faults.closings import CLOSED, is_about, is_before, may_be_before
from tests.system.faults.history import MovedCash, Operation, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from tests.system.faults.client import Client
    from tests.system.faults.history import History
    from tests.system.faults.lab import Lab

REGISTERS = ("caisse 1", "caisse 2", None)
KINDS = {"fonds": "float", "entree": "paid-in", "sortie": "paid-out"}
MOST_CENTS = 20_000
MOVED_BESIDE = 4  # of each day, at once with its closing
DOUBLED_SHARE = 0.3
REPEATED_SHARE = 0.3  # although they were answered


class CashOffice:
    """Moves cash of a store and day, each movement under its own key."""

    def __init__(self, client: Client, url: str, history: History) -> None:
        self._client = client
        self._url = url
        self._history = history

    def begin(self, people: asyncio.TaskGroup, key: str, store: int, day: date, token: str) -> None:
        """Begin the movements that meet the closing of a day."""
        for number in range(MOVED_BESIDE):
            people.create_task(self.move(f"{key}-cash-{number}", store, day, token))

    async def move(self, key: str, store_id: int, day: date, token: str) -> None:
        """Move cash, mostly once, or by two requests at once, or again after the answer.

        The choices depend on the key only, so that those of the other operations stay.
        """
        random = Random(key)
        body: dict[str, Any] = {
            "type": random.choice(list(KINDS)),
            "montant": random.randint(1, MOST_CENTS) / 100,
            "motif": key,
        }
        if register := random.choice(REGISTERS):
            body["caisse"] = register
        now = asyncio.get_running_loop().time
        moved = MovedCash(Operation(key, store_id, {}), day, now(), body=body)
        self._history.cash.append(moved)
        request = (
            moved.operation,
            f"{self._url}/api/magasins/{store_id}/journees/{day}/mouvements-caisse",
            body,
            {"x-token": token},
        )
        async with asyncio.TaskGroup() as people:
            for _ in range(2 if random.random() < DOUBLED_SHARE else 1):
                people.create_task(self._client.insist(*request))
        moved.answered_at = now()
        if random.random() < REPEATED_SHARE:
            await self._client.insist(*request)


@dataclass(frozen=True, slots=True)
class RecordedCash:
    """A movement of cash as the sales service stores it; its reason is the key of its request."""

    id: UUID
    store_id: int
    business_date: date
    register_id: str | None
    kind: str
    amount_cents: int
    reason: str


StoreDay = tuple[int, "date"]
Registers = dict[str | None, int]  # cents by register; registers without cash are absent

_READ_MOVED = """
    SELECT id, store_id, business_date, register_id, kind, amount_cents, reason
    FROM cash_movements WHERE store_id = ANY($1)
"""
_READ_SEALED = """
    SELECT store_id, business_date, totals->'registers' AS registers
    FROM day_closings WHERE store_id = ANY($1)
"""
# Apart from the service's own sums, which the audit repeats.
_READ_CASH = """
    SELECT store_id, business_date, register_id, sum(cents) AS cents FROM (
        SELECT store_id, business_date, register_id,
            CASE kind WHEN 'paid-out' THEN -amount_cents ELSE amount_cents END AS cents
        FROM cash_movements
        UNION ALL
        SELECT store_id, business_date, register_id, CAST(paid->>'amount_cents' AS bigint)
        FROM sales, jsonb_array_elements(payments) AS paid
        WHERE status = 'confirmed' AND NOT is_late AND paid->>'method' = 'cash'
        UNION ALL
        SELECT store_id, business_date, register_id, -change_cents
        FROM sales WHERE status = 'confirmed' AND NOT is_late
        UNION ALL
        SELECT store_id, business_date, register_id, -CAST(paid->>'amount_cents' AS bigint)
        FROM returns, jsonb_array_elements(payments) AS paid
        WHERE NOT is_late AND paid->>'method' = 'cash'
    ) AS moved
    WHERE store_id = ANY($1) GROUP BY 1, 2, 3 HAVING sum(cents) <> 0
"""


async def judge_cash(lab: Lab, history: History) -> list[str]:
    """Compare the movements of cash and the closings with the sales service."""
    stores = list(history.stores)
    async with lab.connection("sales") as connection:
        rows = await connection.fetch(_READ_MOVED, stores)
        closings = await connection.fetch(_READ_SEALED, stores)
        counted = await connection.fetch(_READ_CASH, stores)
    cash: dict[StoreDay, Registers] = defaultdict(dict)
    for row in counted:
        cash[row["store_id"], row["business_date"]][row["register_id"]] = int(row["cents"])
    sealed = {
        (row["store_id"], row["business_date"]): expected_of(msgspec.json.decode(row["registers"]))
        for row in closings
    }
    return [
        *judge_moved_cash(history, [RecordedCash(**row) for row in rows]),
        *judge_sealed_cash(sealed, cash),
        *judge_told_cash(history, sealed),
    ]


def expected_of(registers: Iterable[Mapping[str, Any]]) -> Registers:
    """Return the cash that sealed registers should hold."""
    expected = {
        each["register_id"]: each["float_cents"]
        + each["paid_in_cents"]
        + each["cash_sales_cents"]
        - each["paid_out_cents"]
        - each["cash_returns_cents"]
        for each in registers
    }
    return {register: cents for register, cents in expected.items() if cents}


def judge_moved_cash(history: History, recorded: Iterable[RecordedCash]) -> list[str]:
    """Check that each answered movement is there once, as it was asked, and on an open day."""
    by_key: dict[str, list[RecordedCash]] = defaultdict(list)
    for each in recorded:
        by_key[each.reason].append(each)
    unknown = by_key.keys() - {moved.operation.key for moved in history.cash}
    found = [f"{key}: cash moved, and nobody asked for it" for key in sorted(unknown)]
    for moved in history.cash:
        found += _judge_moved(history, moved, by_key[moved.operation.key])
    return found


def _judge_moved(history: History, moved: MovedCash, recorded: list[RecordedCash]) -> list[str]:
    operation, key = moved.operation, moved.operation.key
    least, most = {Outcome.DONE: (1, 1), Outcome.REFUSED: (0, 0)}.get(operation.outcome, (0, 1))
    found = []
    if not least <= len(recorded) <= most:
        found.append(f"{key}: {operation.outcome}, and the cash moved {len(recorded)} times")
    asked = (
        *(operation.store_id, moved.day, moved.body.get("caisse"), KINDS[moved.body["type"]]),
        round(moved.body["montant"] * 100),
    )
    for each in recorded:
        moved_as = (
            *(each.store_id, each.business_date, each.register_id, each.kind),
            each.amount_cents,
        )
        if moved_as != asked:
            found.append(f"{key}: asked {asked}, recorded {moved_as}")
    answered = {answer["id"] for answer in operation.answers}
    if answered - {str(each.id) for each in recorded}:
        found.append(f"{key}: answered {sorted(answered)}, which are not there")
    closings = [each for each in history.closings if is_about(each, moved)]
    if recorded and any(is_before(each, moved) for each in closings):
        found.append(f"{key}: cash moved on {moved.day}, which had been closed")
    if operation.outcome is Outcome.REFUSED and (
        operation.refusal != CLOSED or not any(may_be_before(each, moved) for each in closings)
    ):
        found.append(f"{key}: refused ({operation.refusal}), although {moved.day} was open")
    return found


def judge_sealed_cash(
    sealed: Mapping[StoreDay, Registers], cash: Mapping[StoreDay, Registers]
) -> list[str]:
    """Check that a closing expects in each register what the documents of its day leave there."""
    return [
        f"store {store_id} on {day}: {registers} in the registers by the closing,"
        f" {cash.get((store_id, day), {})} by the documents"
        for (store_id, day), registers in sealed.items()
        if registers != cash.get((store_id, day), {})
    ]


def judge_told_cash(history: History, sealed: Mapping[StoreDay, Registers]) -> list[str]:
    """Check that whoever closed a day was told what the closing expects."""
    found = []
    for closing in history.closings:
        for answer in closing.operation.answers:
            told: Counter[str | None] = Counter()
            for register in answer["totaux"]["caisses"]:
                told[register["caisse"]] += round(register["attendu"] * 100)
            told_cash = {register: cents for register, cents in told.items() if cents}
            kept = sealed.get((closing.operation.store_id, closing.day), {})
            if told_cash != kept:
                found.append(f"{closing.operation.key}: told {told_cash}, sealed {kept}")
    return found
