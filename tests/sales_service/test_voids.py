"""A sale of an open day is voided once: it counts no more, and says who did it and why."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from sales_service import telemetry
from tests.contracts.test_examples import SCHEMAS
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop
from tests.sales_service.test_settling import open_sale, settle, taken

WRONG = {"motif": "Erreur de caisse"}
KEY = {"Idempotency-Key": "till-1/void"}
TILL = {"x-token": "till"}
ABSENT = "0199c2a4-7c1e-7000-8000-000000000099"


async def sell(shop: Shop, **more: Any) -> str:
    answer = await shop.client.post("/api/ventes/", json=shop.basket((shop.coffee, 2)) | more)
    assert answer.status_code == 201
    return str(answer.json()["vente_id"])


async def void(shop: Shop, sale_id: object, **options: Any) -> httpx.Response:
    return await shop.client.post(f"/api/ventes/{sale_id}/annulation", json=WRONG, **options)


async def read(shop: Shop, sale_id: object) -> dict[str, Any]:
    found: dict[str, Any] = (await shop.client.get(f"/api/ventes/{sale_id}")).json()
    return found


async def events(shop: Shop, kind: str) -> list[Any]:
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT key, actor, payload FROM outbox WHERE type = :type ORDER BY id"),
            {"type": f"sales.{kind}.v1"},
        )
        return list(rows)


async def test_a_voided_sale_says_who_voided_it_and_why(shop: Shop) -> None:
    sale_id = await sell(shop)
    before = await read(shop, sale_id)

    answer = await void(shop, sale_id, headers=TILL)

    assert (answer.status_code, answer.json()["message"]) == (200, "Vente annulée")
    after = await read(shop, sale_id)
    told = after.pop("annulation")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(told.pop("le"))) < timedelta(minutes=1)
    assert told == {"origine": "caisse", "motif": "Erreur de caisse", "par": "test/till"}
    # Nothing else of the receipt changes.
    assert after == before | {"statut": "annulee"}
    assert answer.json()["annulation"]["par"] == "test/till"


async def test_the_event_has_the_whole_receipt_and_who_voided_it(shop: Shop) -> None:
    sale_id = await sell(shop)
    [recorded] = await events(shop, "sale-recorded")

    await void(shop, sale_id, headers=TILL)

    [event] = await events(shop, "sale-voided")
    body = json.loads(event.payload)
    assert (event.key, event.actor) == (str(shop.permissive), "test/till")
    Draft202012Validator(SCHEMAS["sale-voided.v1"]).validate(body)
    assert body.pop("reason") == "Erreur de caisse"
    assert datetime.fromisoformat(body.pop("voided_at")) > datetime.now(UTC) - timedelta(minutes=1)
    receipt = json.loads(recorded.payload)
    # The first event alone tells the stock when a till says that it sold.
    assert receipt.pop("sold_by") is None
    # PostgreSQL wrote the same instant into the first event.
    written = [datetime.fromisoformat(each.pop("recorded_at")) for each in (receipt, body)]
    assert written[0] == written[1]
    assert body == receipt | {"status": "voided"}


async def test_the_largest_sale_can_be_voided_for_the_longest_reason(shop: Shop) -> None:
    body = shop.basket(*[(shop.tea, 1)] * 1200)
    sale_id = (await shop.client.post("/api/ventes/", json=body)).json()["vente_id"]

    answer = await shop.client.post(
        f"/api/ventes/{sale_id}/annulation", json={"motif": "\U0001f352" * 200}
    )

    assert answer.status_code == 200
    [event] = await events(shop, "sale-voided")
    assert len(json.loads(event.payload)["lines"]) == 1200


async def test_the_originals_delete_needs_no_reason_and_takes_one(shop: Shop) -> None:
    plain, explained = await sell(shop), await sell(shop)

    answers = [
        await shop.client.delete(f"/api/ventes/{plain}"),
        await shop.client.delete(f"/api/ventes/{explained}", params={"motif": "Doublon"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await read(shop, plain))["annulation"]["motif"] == "Sans motif"
    assert (await read(shop, explained))["annulation"]["motif"] == "Doublon"


async def test_a_second_void_is_a_conflict_for_post_and_not_found_for_delete(shop: Shop) -> None:
    sale_id = await sell(shop)
    first = await void(shop, sale_id)

    by_post = await void(shop, sale_id)
    by_delete = await shop.client.delete(f"/api/ventes/{sale_id}")

    assert (by_post.status_code, by_post.json()["code"]) == (409, "vente-deja-annulee")
    assert by_post.json()["annulation"] == first.json()["annulation"]
    assert (by_delete.status_code, by_delete.json()["code"]) == (404, "vente-introuvable")
    assert by_delete.json()["detail"] == "Vente introuvable ou déjà annulée"
    assert len(await events(shop, "sale-voided")) == 1


async def test_the_same_key_again_is_answered_again(shop: Shop) -> None:
    sale_id, other = await sell(shop), await sell(shop)
    url = f"/api/ventes/{other}"

    posted = [await void(shop, sale_id, headers=KEY) for _ in range(2)]
    deleted = [
        await shop.client.delete(url, headers={"Idempotency-Key": "till-1/delete"})
        for _ in range(2)
    ]

    for first, again in posted, deleted:
        assert (first.status_code, again.status_code) == (200, 200)
        assert again.content == first.content
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
    assert len(await events(shop, "sale-voided")) == 2
    reused = await void(shop, other, headers=KEY)
    assert (reused.status_code, reused.json()["code"]) == (422, "cle-idempotence-reutilisee")


async def test_of_many_voids_at_once_one_wins(shop: Shop) -> None:
    sale_id = await sell(shop)

    answers = await asyncio.gather(*(void(shop, sale_id) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    assert len(await events(shop, "sale-voided")) == 1


async def test_a_pending_sale_is_cancelled_and_the_stock_decides_nothing_more(shop: Shop) -> None:
    sale_id = await open_sale(shop)

    answer = await void(shop, sale_id, headers=TILL)
    await settle(shop, taken(sale_id))

    assert answer.status_code == 200
    assert (await read(shop, sale_id))["annulation"]["origine"] == "caisse"
    [event] = await events(shop, "sale-cancelled")
    body = json.loads(event.payload)
    assert (body["reason"], body["sale_id"], event.actor) == ("void", str(sale_id), "test/till")
    Draft202012Validator(SCHEMAS["sale-cancelled.v1"]).validate(body)
    assert await events(shop, "sale-voided") == await events(shop, "sale-confirmed") == []


async def test_a_sale_that_the_stock_confirmed_first_is_voided(shop: Shop) -> None:
    sale_id = await open_sale(shop)
    await settle(shop, taken(sale_id))

    assert (await void(shop, sale_id)).status_code == 200
    assert await events(shop, "sale-cancelled") == []
    assert len(await events(shop, "sale-voided")) == 1


async def test_a_request_that_waits_for_the_stock_hears_of_the_void(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1), store=shop.strict) | {"vente_id": ABSENT}

    async def is_voided() -> bool:
        return (await void(shop, ABSENT)).status_code == 200

    async with asyncio.TaskGroup() as group:
        sale = group.create_task(
            shop.client.post("/api/ventes/", json=body, headers={"Prefer": "wait=30"})
        )
        await eventually(is_voided, True)

    answer = sale.result()
    assert (answer.status_code, answer.json()["code"]) == (409, "vente-annulee")
    assert answer.json()["annulation"] == (await read(shop, ABSENT))["annulation"]


async def test_a_voided_sale_that_is_posted_again_is_a_conflict(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 2)) | {"vente_id": ABSENT}
    await shop.client.post("/api/ventes/", json=body, headers=KEY)
    told = (await void(shop, ABSENT)).json()["annulation"]

    for headers in ({}, KEY):
        answer = await shop.client.post("/api/ventes/", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "vente-annulee")
        assert answer.json()["annulation"] == told


async def test_the_list_of_voided_sales_has_both_kinds(shop: Shop) -> None:
    confirmed = await sell(shop)
    pending = str(await open_sale(shop))
    await sell(shop)
    for sale_id in confirmed, pending:
        await void(shop, sale_id)

    answer = await shop.client.get("/api/ventes/", params={"statut": "annulee"})

    assert {sale["id"] for sale in answer.json()} == {confirmed, pending}


async def test_what_was_voided_is_counted_beside_the_revenue(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, float, dict[str, str]]] = []

    class Counter:
        def __init__(self, name: str) -> None:
            self.name = name

        def add(self, amount: float, labels: dict[str, str]) -> None:
            counted.append((self.name, amount, labels))

    sale_id, pending = await sell(shop), await open_sale(shop)
    for name in ("_SALES", "_REVENUE", "_VOIDED_REVENUE"):
        monkeypatch.setattr(telemetry, name, Counter(name))

    await void(shop, sale_id)
    await void(shop, sale_id)
    await void(shop, pending)

    paid = (await read(shop, sale_id))["total_ttc"]
    place, other = str(shop.permissive), str(shop.strict)
    assert counted == [
        ("_SALES", 1, {"store": place, "status": "voided"}),
        ("_VOIDED_REVENUE", paid, {"store": place, "currency": "CAD"}),
        ("_SALES", 1, {"store": other, "status": "cancelled"}),
    ]
