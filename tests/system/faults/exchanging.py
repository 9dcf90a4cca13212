"""Customers exchange goods, while others bring goods of the same sale back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import asyncpg

from tests.system.faults.goods import DEAREST
from tests.system.faults.history import Asked, History, Outcome

SHARE_EXCHANGED = 0.35  # of the returns
SHARE_DEARER = 0.5  # of the exchanges: the customer pays a difference
CASH = {"moyen": "comptant", "montant": 1000}
DEAREST_CENTS = round(DEAREST * 100)
CASH_STEP_CENTS = 5  # stores round cash to it, unless they are told otherwise


def turn_into_exchange(asked: Asked, receipt: Mapping[str, Any], product_id: int) -> Asked:
    """Return the exchange of what was to come back for the dearest goods, or mostly the return."""
    # A generator of its own: the other choices stay.
    random = Random(f"{asked.operation.key}/exchange")
    if random.random() >= SHARE_EXCHANGED:
        return asked
    is_dearer = random.random() < SHARE_DEARER
    # No refund is more than the receipt, and this product has no tax.
    units = _cents(receipt["total_ttc"]) // DEAREST_CENTS + 1 if is_dearer else 1
    body = {
        "magasin_id": asked.body["magasin_id"],
        "retour": {"lignes": asked.body["lignes"], "motif": asked.body["motif"]},
        "vente": {"panier": [{"produit_id": product_id, "quantite": units}]},
    }
    if is_dearer:
        body["paiements"] = [CASH]
    elif (back_cents := _cash_back(asked, receipt)) > 0:
        body["paiements"] = [{"moyen": "comptant", "montant": back_cents / 100}]
    return Asked(asked.operation, asked.units, body, asked.is_doubled, {product_id: units})


def _cash_back(asked: Asked, receipt: Mapping[str, Any]) -> int:
    """Return the cents that are paid back in cash when all goods of a receipt come back.

    Of a part the till does not know the refund: it returns 0.
    """
    if asked.units != {line["ligne"]: line["quantite"] for line in receipt["lignes"]}:
        return 0
    back_cents = _cents(receipt["total_ttc"]) - DEAREST_CENTS
    return (back_cents + CASH_STEP_CENTS // 2) // CASH_STEP_CENTS * CASH_STEP_CENTS


def _cents(amount: float) -> int:
    return round(amount * 100)


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """The two documents of an exchange; None: one of them is missing."""

    return_id: UUID | None
    sale_id: UUID | None
    sale_number: str | None
    status: str | None
    units: int | None
    difference_cents: int | None
    # Beside the exchange, less change and rounding; below 0 it is paid back. None: not stated.
    paid_cents: int | None


_READ = """
    WITH sold AS (
        SELECT * FROM sales WHERE exchange_return_id IS NOT NULL AND store_id = ANY($1)
    ), back AS (
        SELECT * FROM returns WHERE exchange_sale_id IS NOT NULL AND store_id = ANY($1)
    )
    SELECT back.id AS return_id, sold.id AS sale_id, sold.number AS sale_number, sold.status,
        (SELECT sum(quantity) FROM sale_lines WHERE sale_id = sold.id) AS units,
        sold.total_cents + sold.tax_cents - back.total_cents - back.tax_cents AS difference_cents,
        (SELECT sum(sign * CAST(payment ->> 'amount_cents' AS bigint)) FROM (
            SELECT 1 AS sign, jsonb_array_elements(sold.payments) AS payment
            UNION ALL SELECT -1, jsonb_array_elements(back.payments)
        ) AS payments WHERE payment ->> 'method' <> 'exchange'
        ) - sold.change_cents - sold.cash_rounding_cents + back.cash_rounding_cents AS paid_cents
    FROM sold FULL JOIN back ON sold.id = back.exchange_sale_id
        AND back.id = sold.exchange_return_id AND back.store_id = sold.store_id
"""


async def read_exchanges(
    connection: asyncpg.Connection, store_ids: list[int]
) -> list[RecordedExchange]:
    rows = await connection.fetch(_READ, store_ids)
    return [RecordedExchange(**row) for row in rows]


def judge_exchanges(
    history: History, keys: Mapping[str, UUID], exchanges: Sequence[RecordedExchange]
) -> list[str]:
    """Check that both documents of an exchange exist, or neither, and the difference is paid."""
    found = [
        f"exchange of return {each.return_id} for sale {each.sale_id}: one document only"
        for each in exchanges
        if None in (each.return_id, each.sale_id)
    ]
    recorded = {each.return_id: each for each in exchanges}
    asked = [each for of_sale in history.returns.values() for each in of_sale]
    for each in asked:
        exchange = recorded.get(keys.get(each.operation.key))
        if each.goods:
            found += _judge(each, exchange)
        elif exchange is not None:
            found.append(f"{each.operation.key}: asked for a return, recorded as {exchange}")
    return found


def _judge(asked: Asked, exchange: RecordedExchange | None) -> list[str]:
    operation = asked.operation
    if exchange is None:
        happened = operation.outcome is Outcome.DONE
        return [f"{operation.key}: answered, but there is no exchange"] if happened else []
    said = (str(exchange.sale_id), exchange.sale_number, exchange.difference_cents)
    answers = [
        (each["vente_id"], each["vente"]["numero"], _cents(each["difference"]))
        for each in operation.answers
    ]
    found = [
        f"{operation.key}: the new sale was answered as {each}, recorded as {exchange}"
        for each in answers
        if each != said
    ]
    if (exchange.status, exchange.units) != ("confirmed", sum(asked.goods.values())):
        found.append(f"{operation.key}: asked for {asked.goods}, recorded as {exchange}")
    if "paiements" in asked.body and exchange.paid_cents != exchange.difference_cents:
        found.append(f"{operation.key}: the difference is not paid: {exchange}")
    return found
