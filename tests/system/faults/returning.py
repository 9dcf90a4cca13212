"""Customers bring goods back: several at once, to any store, together more than was sold."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

import asyncpg

from tests.system.faults.exchanging import turn_into_exchange
from tests.system.faults.history import Asked, History, Operation, Outcome

SHARE_RETURNED = 0.25  # of the sales that were answered
SHARE_RETURNED_OF_VOIDED = 0.6  # of those that tills void at the same time
SHARE_WHOLE = 0.5  # of the returns ask for all units
SHARE_LOST = 0.3  # of the lines
EXCESSIVE = "retour-excessif"


def ask_for_returns(
    sale: Operation, stores: Sequence[int], dearest_id: int, share: float = SHARE_RETURNED
) -> list[Asked]:
    """Return what customers bring back of an answered sale, or exchange; mostly nothing.

    The choices depend on the sale's key only, so that those of the other operations stay.
    """
    random = Random(f"{sale.key}/returns")
    if sale.outcome is not Outcome.DONE or random.random() >= share:
        return []
    receipt = sale.answers[0]
    sold = {line["ligne"]: line["quantite"] for line in receipt["lignes"]}
    asked = [
        _ask(random, f"{sale.key}-return-{number}", random.choice(stores), sold)
        for number in range(random.choice((1, 2, 3)))
    ]
    return [turn_into_exchange(each, receipt, dearest_id) for each in asked]


def _ask(random: Random, key: str, store_id: int, sold: Mapping[int, int]) -> Asked:
    if random.random() < SHARE_WHOLE:
        units = dict(sold)
    else:
        line_no, count = random.choice(list(sold.items()))
        units = {line_no: random.randint(1, count)}
    lines = [
        {"ligne": line_no, "quantite": n, "remise_en_stock": random.random() >= SHARE_LOST}
        for line_no, n in units.items()
    ]
    body = {"magasin_id": store_id, "lignes": lines, "motif": "Essai"}
    return Asked(Operation(key, store_id, {}), units, body, random.random() < SHARE_LOST)


@dataclass(frozen=True, slots=True)
class RecordedReturn:
    """A return as the sales service stores it."""

    id: UUID
    sale_id: UUID
    store_id: int
    number: str
    total_cents: int
    units: Mapping[int, int]
    restocked: Mapping[int, int]  # product -> units


async def read_returns(
    connection: asyncpg.Connection, store_ids: list[int]
) -> dict[UUID, RecordedReturn]:
    rows = await connection.fetch(
        "SELECT id, sale_id, store_id, number, total_cents FROM returns WHERE store_id = ANY($1)",
        store_ids,
    )
    units: dict[UUID, Counter[int]] = defaultdict(Counter)
    restocked: dict[UUID, Counter[int]] = defaultdict(Counter)
    for line in await connection.fetch(
        "SELECT * FROM return_lines WHERE return_id = ANY($1)", [row["id"] for row in rows]
    ):
        units[line["return_id"]][line["sale_line_no"]] += line["quantity"]
        if line["is_restocked"]:
            restocked[line["return_id"]][line["product_id"]] += line["quantity"]
    return {
        row["id"]: RecordedReturn(**row, units=units[row["id"]], restocked=restocked[row["id"]])
        for row in rows
    }


def count_refunds(returns: Iterable[RecordedReturn]) -> Counter[int]:
    """Return what each store has paid back, net of tax."""
    refunds: Counter[int] = Counter()
    for each in returns:
        refunds[each.store_id] += each.total_cents
    return refunds


def count_restocked(returns: Iterable[RecordedReturn]) -> Counter[tuple[int, int]]:
    """Return how many units the returns bring into each level."""
    levels: Counter[tuple[int, int]] = Counter()
    for each in returns:
        for product_id, units in each.restocked.items():
            levels[each.store_id, product_id] += units
    return levels


def judge_returns(
    history: History, keys: Mapping[str, UUID], returns: Mapping[UUID, RecordedReturn]
) -> list[str]:
    """Check that each request took effect once, as it was answered, and no more came back."""
    found: list[str] = []
    for sale in history.sales:
        asked = history.returns.get(sale.key, [])
        if not asked:
            continue
        recorded = {
            each.operation.key: returns.get(keys[each.operation.key])
            for each in asked
            if each.operation.key in keys
        }
        sold = {line["ligne"]: line["quantite"] for line in sale.answers[0]["lignes"]}
        back: Counter[int] = Counter()
        for known in filter(None, recorded.values()):
            back.update(known.units)
        found += [
            f"{sale.key}, line {line_no}: {units} units came back of {sold.get(line_no, 0)}"
            for line_no, units in back.items()
            if units > sold.get(line_no, 0)
        ]
        left = {line_no: units - back[line_no] for line_no, units in sold.items()}
        for each in asked:
            found += _judge(each, recorded.get(each.operation.key), left)
    requests = [each for asked in history.returns.values() for each in asked]
    own = {keys[each.operation.key] for each in requests if each.operation.key in keys}
    return found + [
        f"return {id} belongs to no request"
        for id, each in returns.items()
        if id not in own and each.sale_id not in history.undone
    ]


def _judge(asked: Asked, recorded: RecordedReturn | None, left: Mapping[int, int]) -> list[str]:
    operation = asked.operation
    if operation.outcome is Outcome.UNKNOWN:
        return []
    if operation.outcome is Outcome.REFUSED:
        if recorded is not None:
            return [f"{operation.key}: refused, but {recorded.number} is there"]
        # What is left only shrinks: it was more at the time of the refusal.
        is_excessive = any(units > left[line_no] for line_no, units in asked.units.items())
        if operation.refusal == EXCESSIVE and not is_excessive:
            return [f"{operation.key}: {operation.refusal}, although {left} are left"]
        return []
    if recorded is None:
        return [f"{operation.key}: answered, but there is no return"]
    said = (recorded.store_id, str(recorded.id), recorded.number, recorded.total_cents)
    returns = [answer.get("retour", answer) for answer in operation.answers]
    answers = {
        (each["magasin_id"], each["id"], each["numero"], round(each["total"] * 100))
        for each in returns
    }
    if answers != {said} or dict(recorded.units) != dict(asked.units):
        return [f"{operation.key}: answered {answers}, recorded {recorded}"]
    return []
