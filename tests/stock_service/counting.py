"""A store that counts its goods while it sells them."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from service_kit.events.cloud_events import Event
from stock_service.events.consumed import SaleRecorded
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock

COUNTS = "/api/stock/inventaires"
SECOND = timedelta(seconds=1)


async def open_shop(stock: Stock) -> None:
    """Open two stores, the first with 50 coffees and 5 teas."""
    await stock.receive(store_changed(), store_changed(OTHER_STORE, policy="permissive"))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 50, TEA: 5})


async def opened(api: httpx.AsyncClient, **more: Any) -> str:
    """Open a count of the store, and return its URL."""
    answer = await api.post(COUNTS, json={"magasin_id": STORE, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def counted(*lines: tuple[int, int], at: datetime | None = None) -> dict[str, Any]:
    """Return the body of a request that enters these units."""
    instant = {} if at is None else {"compte_le": at.isoformat()}
    return {"lignes": [{"produit_id": p, "quantite": n, **instant} for p, n in lines]}


async def enter(
    api: httpx.AsyncClient, url: str, *lines: tuple[int, int], at: datetime | None = None
) -> datetime:
    """Enter what was counted, and return the instant of the first line."""
    answer = await api.post(f"{url}/comptages", json=counted(*lines, at=at))
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["lignes"][0]["compte_le"])


async def close(api: httpx.AsyncClient, url: str) -> Any:
    answer = await api.post(f"{url}/cloture")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def line_of(api: httpx.AsyncClient, url: str, product_id: int = COFFEE) -> tuple[Any, ...]:
    """Return state, counted, expected, difference and corrections of a product."""
    lines = (await api.get(url)).json()["lignes"]
    [line] = [each for each in lines if each["produit_id"] == product_id]
    names = ("etat", "quantite_comptee", "quantite_attendue", "ecart", "corrections")
    return tuple(line[name] for name in names)


def sold(at: datetime, *lines: tuple[Any, int], **more: Any) -> Event[SaleRecorded]:
    """Return a sale of this instant that has happened, as an offline till tells it."""
    return sale_recorded(*lines, policy="permissive", sold_at=at, sale_id=uuid4(), **more)
