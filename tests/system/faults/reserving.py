"""Tills reserve goods before they sell them; some release them, or let them expire."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from tests.system.faults.history import History, Operation, Outcome, Plan, Reserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg

    from tests.system.faults.client import Client
    from tests.system.faults.verdict import RecordedSale

SHARE_RESERVED = 0.35  # of the sales
PLANS = [Plan.SELL] * 4 + [Plan.FORGET] * 2 + [Plan.RELEASE, Plan.EXPIRE]
# So many that the next sales meet what is reserved.
FORGOTTEN_UNITS = 30
# A sale that names a short reservation comes before or after its end.
SECONDS_OF = {Plan.SELL: (1, 600), Plan.RELEASE: (600,), Plan.EXPIRE: (1,), Plan.FORGET: (600,)}


async def reserve(
    client: Client, url: str, history: History, sale: Operation, headers: dict[str, str]
) -> UUID | None:
    """Reserve the goods of a sale, if its till does so, and return what the sale is to name.

    The choices depend on the sale's key only, so that those of the other operations stay.
    """
    random = Random(f"{sale.key}/reservation")
    if random.random() >= SHARE_RESERVED:
        return None
    plan = random.choice(PLANS)
    quantities = dict(sale.quantities)
    if plan is Plan.FORGET:
        quantities = {next(iter(quantities)): FORGOTTEN_UNITS}
    operation = Operation(f"{sale.key}-reserved", sale.store_id, quantities)
    lines = [{"produit_id": id, "quantite": n} for id, n in quantities.items()]
    seconds = random.choice(SECONDS_OF[plan])
    body = {"magasin_id": sale.store_id, "lignes": lines, "expire_dans": seconds}
    reserved = Reserved(operation, plan)
    history.reservations.append(reserved)
    address = f"{url}/api/stock/reservations"
    await client.insist(operation, address, body, headers)
    if operation.outcome is not Outcome.DONE:
        return None
    if plan is Plan.SELL:
        reserved.sale = sale
        return reserved.id
    if plan is Plan.RELEASE:
        release = Operation(f"{operation.key}-released", sale.store_id, {})
        await client.insist(release, f"{address}/{reserved.id}/liberation", {}, headers)
        reserved.is_released = release.outcome is Outcome.DONE
    return None


@dataclass(frozen=True, slots=True)
class RecordedReservation:
    """A reservation as the stock service stores it."""

    id: UUID
    store_id: int
    status: str
    sale_id: UUID | None


async def judge_reservations(
    connection: asyncpg.Connection,
    history: History,
    keys: Mapping[str, UUID],
    sales: Mapping[UUID, RecordedSale],
) -> list[str]:
    """Compare what the tills were answered with the reservations, and these with the ledger."""
    rows = await connection.fetch(
        "SELECT id, store_id, status, sale_id FROM reservations WHERE store_id = ANY($1)",
        list(history.stores),
    )
    recorded = {row["id"]: RecordedReservation(**row) for row in rows}
    sale_of = {
        each.operation.key: keys.get(each.sale.key) for each in history.reservations if each.sale
    }
    strict = [sale.id for sale in sales.values() if sale.stock_policy == "strict"]
    below = await connection.fetch(_LEFT_TOO_LITTLE, strict)
    return [
        *judge_answers(history, recorded, sale_of, sales),
        *(f"a strict sale left less than is reserved: {dict(row)}" for row in below),
    ]


# The level's lock orders the times of its movements and of its reservations.
_LEFT_TOO_LITTLE = """
    SELECT m.document_id, m.store_id, m.product_id, m.balance_after, sum(line.quantity) AS reserved
    FROM movements AS m
    JOIN reservation_lines AS line USING (store_id, product_id)
    JOIN reservations AS r ON r.id = line.reservation_id
    WHERE m.kind = 'sale' AND m.document_id = ANY($1)
        AND r.created_at <= m.recorded_at AND r.expires_at > m.recorded_at
        AND (r.closed_at IS NULL OR r.closed_at > m.recorded_at)
    GROUP BY m.id HAVING m.balance_after < sum(line.quantity)
"""


def judge_answers(
    history: History,
    recorded: Mapping[UUID, RecordedReservation],
    sale_of: Mapping[str, UUID | None],
    sales: Mapping[UUID, RecordedSale],
) -> list[str]:
    """Check that each answered reservation ended as its till was told."""
    found = []
    for each in history.reservations:
        key = each.operation.key
        if each.operation.outcome is not Outcome.DONE:
            continue
        reservation = recorded.get(each.id)
        if reservation is None:
            found.append(f"{key}: answered, but there is no reservation")
            continue
        if each.is_released and reservation.status != "released":
            found.append(f"{key}: answered as released, recorded as {reservation.status}")
        sale = sales.get(sale_of.get(key) or UUID(int=0))
        if sale is None:
            taken = reservation.status == "consumed" and each.plan is not Plan.SELL
            found += [f"{key}: consumed, although no sale names it"] if taken else []
            continue
        # A void or a cancellation leaves it consumed; a cancelled sale may never have taken it.
        has_taken = sale.stock_policy == "strict" and sale.status in ("confirmed", "voided")
        if has_taken and reservation.sale_id != sale.id:
            found.append(f"{key}: {sale.status} with it, but it is {reservation.status}")
        if sale.status == "rejected" and reservation.sale_id == sale.id:
            found.append(f"{key}: consumed by a rejected sale")
    return found
