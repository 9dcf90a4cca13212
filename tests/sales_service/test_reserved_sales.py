"""A sale names a reservation; the stock says whether it could use it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from sales_service.consumers.stock_events import apply
from sales_service.domain.sale import SaleId
from sales_service.events.consumed import Missing, StockRefused, StockWithdrawn
from service_kit.events.cloud_events import Event
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop
from tests.sales_service.test_settling import settle, taken

RESERVATION = uuid7()


def reserved(shop: Shop, *, store: int | None = None, **more: Any) -> dict[str, Any]:
    """Return the body of a sale that names the reservation."""
    body = shop.basket((shop.coffee, 2), (shop.tea, 1), store=store)
    return body | {"reservation_id": str(RESERVATION), **more}


async def published(shop: Shop, event_type: str) -> list[Any]:
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT payload FROM outbox WHERE type = :type ORDER BY id"),
            {"type": event_type},
        )
        return [orjson.loads(payload) for payload in rows.scalars()]


async def decide(shop: Shop, body: StockRefused | StockWithdrawn) -> None:
    event: Event[Any] = Event(uuid4(), "stock", body, None, record=None)
    async with AsyncSession(shop.engine) as session, session.begin():
        await apply(session, [event])


async def test_the_receipt_and_the_event_name_the_reservation(shop: Shop) -> None:
    answer = await shop.client.post("/api/ventes/", json=reserved(shop))
    plain = await shop.sell((shop.coffee, 1))

    assert answer.json()["reservation_id"] == str(RESERVATION)
    read = (await shop.client.get(answer.headers["Location"])).json()
    assert read["reservation_id"] == str(RESERVATION)
    assert "reservation_id" not in plain.json()
    told = await published(shop, "sales.sale-recorded.v1")
    assert [each.get("reservation_id") for each in told] == [str(RESERVATION), None]


async def test_a_confirmed_sale_still_names_its_reservation(shop: Shop) -> None:
    answer = await shop.client.post(
        "/api/ventes/", json=reserved(shop, store=shop.strict), headers={"Prefer": "respond-async"}
    )

    await settle(shop, taken(SaleId(UUID(answer.json()["vente_id"]))))

    [confirmed] = await published(shop, "sales.sale-confirmed.v1")
    assert confirmed["reservation_id"] == str(RESERVATION)


async def test_another_reservation_is_another_sale(shop: Shop) -> None:
    body = reserved(shop, vente_id=str(uuid7()))
    first = await shop.client.post("/api/ventes/", json=body)

    same = await shop.client.post("/api/ventes/", json=body)
    other = await shop.client.post("/api/ventes/", json=body | {"reservation_id": str(uuid7())})
    none = await shop.client.post("/api/ventes/", json=body | {"reservation_id": None})

    assert (first.status_code, same.status_code) == (201, 201)
    assert (other.status_code, none.status_code) == (409, 409)


async def test_what_is_no_reservation_is_told(shop: Shop) -> None:
    answer = await shop.client.post("/api/ventes/", json=reserved(shop, reservation_id="7"))

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/reservation_id"]


@pytest.mark.parametrize("is_short", [False, True])
async def test_a_sale_whose_reservation_is_of_no_use_is_told_why(
    shop: Shop, *, is_short: bool
) -> None:
    body = reserved(shop, store=shop.strict, vente_id=str(uuid7()))
    sale_id = UUID(body["vente_id"])
    missing = [Missing(shop.tea, 1, 0)] if is_short else []

    async def is_recorded() -> bool:
        return bool(await published(shop, "sales.sale-recorded.v1"))

    async def post(prefer: str) -> httpx.Response:
        return await shop.client.post("/api/ventes/", json=body, headers={"Prefer": prefer})

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(post("wait=30"))
        await eventually(is_recorded, True)
        await decide(shop, StockRefused(sale_id, missing, "expired"))
    again = await post("respond-async")

    for answer in waiting.result(), again:
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "reservation-inutilisable")
        pointers = [each["pointer"] for each in problem["errors"]]
        assert pointers == ["/reservation_id", *(["/panier/1/quantite"] if is_short else [])]
    assert problem["errors"][0]["detail"] == "La réservation a expiré."
    read = (await shop.client.get(f"/api/ventes/{sale_id}")).json()
    assert read["statut"] == "rejetee"
    [rejected] = await published(shop, "sales.sale-rejected.v1")
    assert rejected["reservation_fault"] == "expired"
    assert len(rejected["missing"]) == len(missing)
