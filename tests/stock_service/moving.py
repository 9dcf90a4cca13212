"""Two stores and a centre that send goods to each other."""

from typing import Any
from uuid import uuid4

import httpx

from stock_service.domain.levels import StoreId
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    store_changed,
)
from tests.stock_service.conftest import Stock

CENTRE = StoreId(6)
TRANSFERS = "/api/stock/transferts"


async def open_chain(stock: Stock) -> None:
    """Open a strict and a permissive store, and a strict centre with 50 coffees and 5 teas."""
    await stock.receive(
        store_changed(),
        store_changed(OTHER_STORE, policy="permissive", name="Caisse"),
        store_changed(CENTRE, kind="logistics-centre", name="Centre"),
    )
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 50, TEA: 5}, CENTRE)


def a_transfer(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Return the body of a request that drafts a transfer from the centre to the store."""
    return {
        "de": CENTRE,
        "vers": STORE,
        "lignes": [{"produit_id": product, "quantite": quantity} for product, quantity in lines],
        "transfert_id": str(uuid4()),
        **more,
    }


async def shipped(api: httpx.AsyncClient, *lines: tuple[int, int], **more: Any) -> str:
    """Draft and ship a transfer, and return its URL."""
    drafted = await api.post(TRANSFERS, json=a_transfer(*lines, **more))
    url = str(drafted.headers["location"])
    answer = await api.post(f"{url}/expedition")
    assert answer.status_code == 200, answer.text
    return url


def counted(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    """Return the body of a request that receives these units."""
    units = [{"produit_id": product, "quantite": quantity} for product, quantity in lines]
    return {"lignes": units, **more}


async def conserved(stock: Stock) -> bool:
    """Return whether transfers changed the chain's units by their differences only."""
    [row] = await stock.execute("""
        SELECT coalesce(sum(delta) FILTER (WHERE kind LIKE 'transfer-%'), 0)
            + (SELECT coalesce(sum(in_transit), 0) FROM transfer_lines)
            - (SELECT coalesce(sum(difference), 0) FROM transfer_lines) AS gained
        FROM movements
    """)
    return bool(row.gained == 0) and await stock.differences() == []
