"""Reserves goods through the API, and looks at what is reserved."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from stock_service.use_cases.end_reservations import close_expired
from tests.stock_service.builders import COFFEE, STORE
from tests.stock_service.conftest import Stock

RESERVATIONS = "/api/stock/reservations"


def a_request(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Return the body of a reservation of these quantities; one coffee, unless others are given."""
    return {
        "magasin_id": STORE,
        "lignes": [
            {"produit_id": product, "quantite": quantity}
            for product, quantity in lines or ((COFFEE, 1),)
        ],
        "reservation_id": str(uuid7()),
        **more,
    }


async def reserve(api: httpx.AsyncClient, *lines: tuple[int, int], **more: Any) -> UUID:
    answer = await api.post(RESERVATIONS, json=a_request(*lines, **more))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["reservation_id"])


async def status_of(api: httpx.AsyncClient, reservation_id: UUID) -> str:
    return str((await api.get(f"{RESERVATIONS}/{reservation_id}")).json()["statut"])


async def let_expire(stock: Stock, *reservation_ids: UUID) -> None:
    """Move the end of reservations into the past; nobody closes them."""
    for table, key in ("reservations", "id"), ("reservation_lines", "reservation_id"):
        await stock.execute(
            f"UPDATE {table} SET expires_at = now() - interval '1 second' WHERE {key} = ANY(:ids)",
            ids=list(reservation_ids),
        )


async def sweep(stock: Stock) -> int:
    """Close what has expired, as the worker does, and return how many were found."""
    async with AsyncSession(stock.engine) as session, session.begin():
        return await close_expired(session, 50)


async def reserved(stock: Stock) -> dict[int, int]:
    """Return what the levels say is reserved, expired reservations included."""
    rows = await stock.execute(
        "SELECT product_id, reserved FROM stock_levels WHERE store_id = :store", store=STORE
    )
    return {row.product_id: row.reserved for row in rows}


async def wrong_sums(stock: Stock) -> int:
    """Return how many levels have another `reserved` than the sum of their open reservations."""
    [row] = await stock.execute("""
        SELECT count(*) AS wrong FROM stock_levels AS l WHERE reserved <> coalesce((
            SELECT sum(quantity) FROM reservation_lines AS line
                JOIN reservations AS r ON r.id = line.reservation_id
            WHERE r.status = 'open' AND line.store_id = l.store_id
                AND line.product_id = l.product_id), 0)
    """)
    return int(row.wrong)
