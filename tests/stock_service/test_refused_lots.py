"""A lot that cannot be posted is refused as a whole, and all its wrong rows are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.api_keys import ensure_key
from stock_service.domain.levels import LEVEL_LIMIT
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.test_lots import LOTS, PRODUCTS, STORES, correction, lot
from tests.stock_service.test_lots import catalogue as catalogue


@pytest.mark.usefixtures("catalogue")
async def test_one_line_too_much_for_a_strict_store_keeps_all_from_moving(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.put({COFFEE: 1, TEA: 9})
    lines = [(STORES[2], product, -1) for product in PRODUCTS[:300]]

    answer = await api.post(
        LOTS, json=correction((STORE, TEA, -1), *lines, (STORE, COFFEE, -1), (STORE, COFFEE, -1))
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "stock-insuffisant")
    assert [each["pointer"] for each in answer.json()["errors"]] == [
        "/lignes/301/quantite",
        "/lignes/302/quantite",
    ]
    assert answer.json()["errors"][0] | {"pointer": "", "detail": ""} == {
        "pointer": "",
        "detail": "",
        "code": "stock-insuffisant",
        "magasin_id": STORE,
        "produit_id": COFFEE,
        "demande": 2,
        "disponible": 1,
    }
    assert await stock.levels() == {COFFEE: 1, TEA: 9}
    assert await stock.levels(STORES[2]) == {}
    assert await stock.outbox() == []


@pytest.mark.usefixtures("catalogue")
async def test_every_line_too_much_is_named_once(api: httpx.AsyncClient) -> None:
    lines = [(STORE, product, -1) for product in reversed(PRODUCTS)]

    answer = await api.post(LOTS, json=correction(*lines))

    assert answer.status_code == 409
    assert [each["pointer"] for each in answer.json()["errors"]] == [
        f"/lignes/{row}/quantite" for row in range(100)
    ]
    assert answer.json()["autres_lignes"] == list(range(100, 2000))


@pytest.mark.usefixtures("catalogue")
async def test_a_level_stays_within_its_bounds(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: LEVEL_LIMIT})

    answer = await api.post(LOTS, json=lot((STORE, TEA, 1), (STORE, COFFEE, 1)))

    assert (answer.status_code, answer.json()["code"]) == (422, "niveau-hors-bornes")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/lignes/1/quantite"]


@pytest.mark.usefixtures("catalogue")
async def test_a_foreign_store_refuses_the_lot_and_its_rows_are_named(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    async with stock_engine.begin() as connection:
        await ensure_key(connection, "key-of-3", "manager", "three", sites=[STORE])
    body = lot((STORE, COFFEE, 5), (OTHER_STORE, TEA, 1), (STORE, TEA, 0))

    answer = await api.post(LOTS, json=body, headers={"x-token": "key-of-3"})

    assert (answer.status_code, answer.json()["code"]) == (403, "hors-portee")
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [
        ("/lignes/1/magasin_id", "hors-portee"),
        ("/lignes/2/quantite", "quantite-invalide"),
    ]
    assert await stock.levels() == {}


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (lot(), "/lignes"),
        (lot(*[(STORE, COFFEE, 1)] * 10_001), "/lignes"),
        (lot((STORE, COFFEE, 1), type="vente"), "/type"),
        (lot((STORE, COFFEE, 1), magasin_id=STORE), "/magasin_id"),
        (lot((STORE, COFFEE, 1), survenu_a="9999-12-31T23:59:59-14:00"), "/survenu_a"),
        (correction((STORE, COFFEE, 1), motif=None), "/motif"),
        (correction((STORE, COFFEE, 1), (STORE, COFFEE, -1)), "/lignes/0/quantite"),
        ({"type": "reception", "lignes": [{"magasin_id": 3}, 7]}, "/lignes/0/produit_id"),
        (lot((STORE, COFFEE, True)), "/lignes/0/quantite"),
        (lot((2**31, COFFEE, 1)), "/lignes/0/magasin_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_that_makes_no_sense_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post(LOTS, json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.usefixtures("catalogue")
async def test_goods_of_the_day_after_tomorrow_are_refused(api: httpx.AsyncClient) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=1, minutes=1)).isoformat()

    answer = await api.post(LOTS, json=lot((STORE, COFFEE, 1), survenu_a=ahead))

    assert answer.json()["errors"][0]["code"] == "date-absurde"


@pytest.mark.usefixtures("catalogue")
async def test_a_late_lot_needs_the_right(
    api: httpx.AsyncClient, stock_engine: AsyncEngine
) -> None:
    async with stock_engine.begin() as connection:
        await ensure_key(connection, "key-without", "manager", "without", rights=[])
    body = lot((STORE, COFFEE, 1), survenu_a="2026-01-05T08:00:00Z")

    answer = await api.post(LOTS, json=body, headers={"x-token": "key-without"})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "date-passee")


@pytest.mark.usefixtures("catalogue")
async def test_a_body_beyond_the_bounds_of_a_lot_is_refused(api: httpx.AsyncClient) -> None:
    large = {**lot((STORE, COFFEE, 1)), "motif": "x" * 2 * 1024 * 1024}
    complex_ = {**lot((STORE, COFFEE, 1)), "autres": [{"a": 1}] * 60_000}

    answers = [await api.post(LOTS, json=body) for body in (large, complex_)]

    assert [each.json()["code"] for each in answers] == ["corps-trop-grand", "corps-trop-complexe"]
