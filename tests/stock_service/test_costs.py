"""Receptions tell costs; levels and movements keep their average."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.audit import find_all_differences
from service_kit.http.api_keys import ensure_key
from stock_service.db.audits import CHECKS
from stock_service.domain.levels import ProductId
from stock_service.events.consumed import ReturnLine, ReturnRecorded
from tests.stock_service.builders import (
    COFFEE,
    NOON,
    OTHER_STORE,
    STORE,
    TEA,
    an_event,
    level_declared,
    product_changed,
    sale_cancelled,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock

MOVEMENTS = "/api/stock/mouvements"
LOTS = f"{MOVEMENTS}/lots"
VALUE = "/api/stock/valeur"
HEAD_OFFICE = {"x-token": "key-of-head-office"}


def line(product: int, quantity: int, cost: Any = None, **more: Any) -> dict[str, Any]:
    costs = {} if cost is None else {"cout_unitaire": cost}
    return {"produit_id": product, "quantite": quantity, **costs, **more}


def received(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"magasin_id": STORE, "type": "reception", "lignes": list(lines), **more}


@pytest.fixture
async def catalogue(stock: Stock) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE, policy="permissive"))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))


async def averages(stock: Stock) -> list[tuple[Decimal | None, Decimal | None]]:
    """Return unit cost and average of all movements, oldest first."""
    rows = await stock.execute("SELECT unit_cost, average_cost FROM movements ORDER BY id")
    return [(row.unit_cost, row.average_cost) for row in rows]


async def find_differences(engine: AsyncEngine) -> list[str]:
    async with AsyncSession(engine) as session:
        return [each for check in CHECKS for each in await find_all_differences(session, check)]


@pytest.mark.usefixtures("catalogue")
async def test_each_movement_keeps_the_average_of_its_time(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 10, 2)))
    sale = sale_recorded((COFFEE, 4))
    await stock.receive(sale)
    await api.post(MOVEMENTS, json=received(line(COFFEE, 3, "3.5")))
    await stock.receive(sale_cancelled(sale))
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1)))
    back = ReturnRecorded(uuid4(), STORE, NOON, None, [ReturnLine(COFFEE, 1, is_restocked=False)])
    await stock.receive(an_event(back))
    await stock.receive(level_declared("count", 0))
    await api.post(MOVEMENTS, json=received(line(COFFEE, 2, 0.1)))

    two, half, tenth = Decimal(2), Decimal("2.5"), Decimal("0.1")
    assert await averages(stock) == [
        (two, two),
        (None, two),
        (Decimal("3.5"), half),
        (None, half),
        (None, half),
        *[(None, half)] * 2,
        (None, half),
        (tenth, tenth),
    ]
    assert await find_differences(stock_engine) == []


@pytest.mark.usefixtures("catalogue")
async def test_lines_of_a_product_are_one_movement_at_their_average(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1, 1), line(COFFEE, 2, 2)))

    assert await averages(stock) == [(Decimal("1.6667"), Decimal("1.6667"))]
    [posted] = await stock.outbox("stock.movement-posted.v1")
    # Of the lines, not of the rounded average.
    assert posted.body["cost_cents"] == 500


@pytest.mark.usefixtures("catalogue")
async def test_a_document_without_costs_announces_none(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1)))

    [posted] = await stock.outbox("stock.movement-posted.v1")
    assert posted.body["cost_cents"] is None


@pytest.mark.usefixtures("catalogue")
async def test_a_lot_has_costs_as_a_document_has(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1, 1)))
    lines = [
        line(COFFEE, 1, 2, magasin_id=STORE),
        line(TEA, 3, 0.125, magasin_id=STORE),
        line(TEA, 1, magasin_id=OTHER_STORE),
    ]

    answer = await api.post(LOTS, json={"type": "reception", "lignes": lines})

    assert answer.status_code == 201, answer.text
    assert (await averages(stock))[1:] == [
        (Decimal(2), Decimal("1.5")),
        (Decimal("0.125"), Decimal("0.125")),
        (None, None),
    ]
    posted = await stock.outbox("stock.movement-posted.v1")
    assert [each.body["cost_cents"] for each in posted[1:]] == [238, None]
    assert await find_differences(stock_engine) == []


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (received(line(COFFEE, 1, -1)), "greater_than_equal"),
        (received(line(COFFEE, 1, 1_000_000)), "less_than"),
        (received(line(COFFEE, 1, "1.00001")), "decimal_max_places"),
        (received(line(COFFEE, 1, 10**400)), "less_than"),
        (received(line(COFFEE, 1, "NaN")), "finite_number"),
        (received(line(COFFEE, 1, True)), "decimal_type"),
        (received(line(COFFEE, 1, "cher")), "decimal_parsing"),
        (received(line(COFFEE, 1, 2), type="ajustement", motif="Casse"), "cout-sans-reception"),
        (received(line(COFFEE, 1, 2), line(COFFEE, 1)), "cout-incomplet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_cost_that_makes_no_sense_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    lines = [{"magasin_id": STORE, **each} for each in body["lignes"]]
    lot = {key: each for key, each in body.items() if key != "magasin_id"} | {"lignes": lines}

    answers = [await api.post(MOVEMENTS, json=body), await api.post(LOTS, json=lot)]

    for answer in answers:
        assert answer.status_code == 422
        first = answer.json()["errors"][0]
        assert (first["pointer"], first["code"]) == ("/lignes/0/cout_unitaire", code)


@pytest.mark.usefixtures("catalogue")
async def test_levels_and_ledger_show_costs_to_keys_with_the_right(
    api: httpx.AsyncClient, stock_engine: AsyncEngine
) -> None:
    async with stock_engine.begin() as connection:
        await ensure_key(connection, "key-of-buyer", "manager", "buyer", rights=["see-costs"])
        await ensure_key(connection, "key-of-till-2", "till", "till-2", rights=["see-costs"])
    await api.post(MOVEMENTS, json=received(line(COFFEE, 3, 0.3333), line(TEA, 2)))
    paths = [f"/api/magasins/{STORE}/stock", "/api/stock/", MOVEMENTS]

    for key in "key-of-head-office", "key-of-buyer":
        levels, all_levels, ledger = [
            (await api.get(path, headers={"x-token": key})).json() for path in paths
        ]
        assert levels == all_levels
        assert [(each["cout_moyen"], each["valeur"]) for each in levels] == [
            (0.3333, 1.0),
            (None, None),
        ]
        assert [(each["cout_unitaire"], each["cout_moyen"]) for each in ledger] == [
            (None, None),
            (0.3333, 0.3333),
        ]
    for key in "key-of-manager", "key-of-till", "key-of-till-2":
        for path in paths:
            shown = (await api.get(path, headers={"x-token": key})).json()
            assert not {"cout_moyen", "valeur", "cout_unitaire"} & shown[0].keys()


@pytest.mark.usefixtures("catalogue")
async def test_the_value_of_the_stock_is_that_of_its_levels(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 3, 0.3350), line(TEA, 2)))
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1, 2), magasin_id=OTHER_STORE))
    await stock.receive(sale_recorded((COFFEE, 3), store_id=OTHER_STORE, policy="permissive"))

    of_chain = await api.get(VALUE, headers=HEAD_OFFICE)
    of_store = await api.get(f"{VALUE}?magasin_id={STORE}", headers=HEAD_OFFICE)

    store = {"magasin_id": STORE, "valeur": 1.01, "unites": 5, "niveaux_sans_cout": 1}
    other = {"magasin_id": OTHER_STORE, "valeur": -4.0, "unites": -2, "niveaux_sans_cout": 0}
    assert of_chain.json() == {
        "valeur": -2.99,
        "unites": 3,
        "niveaux_sans_cout": 1,
        "magasins": [store, other],
    }
    assert of_store.json()["magasins"] == [store]


@pytest.mark.usefixtures("catalogue")
async def test_the_value_needs_the_right_and_a_known_store(api: httpx.AsyncClient) -> None:
    unknown = await api.get(f"{VALUE}?magasin_id=99", headers=HEAD_OFFICE)
    refused = await api.get(VALUE)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "magasin-pas-encore-connu")
    assert (refused.status_code, refused.json()["code"]) == (403, "droit-insuffisant")


@pytest.mark.usefixtures("catalogue")
async def test_receptions_and_sales_at_once_keep_the_average_of_their_order(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    async def receive(number: int) -> None:
        body = received(line(COFFEE, 1 + number % 7, number / 8), line(TEA, 1, number))
        assert (await api.post(MOVEMENTS, json=body)).status_code == 201

    async def sell(number: int) -> None:
        product = ProductId(COFFEE if number % 2 else TEA)
        await stock.receive(sale_recorded((product, 3), policy="permissive"))

    await asyncio.gather(*(act(number) for number in range(20) for act in (receive, sell)))

    assert len(await averages(stock)) == 60
    assert await find_differences(stock_engine) == []


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_levels SET average_cost = 3",
        "UPDATE stock_levels SET average_cost = NULL",
        """
        INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
            document_id, occurred_at, average_cost)
        VALUES (3, 11, 1, 4, 3, 'adjustment', gen_random_uuid(), now(), 9)
        """,
        """
        INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
            document_id, occurred_at, unit_cost)
        VALUES (3, 11, 1, 4, 3, 'return', gen_random_uuid(), now(), 2)
        """,
    ],
)
async def test_the_audit_notices_another_average(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine, statement: str
) -> None:
    await api.post(MOVEMENTS, json=received(line(COFFEE, 1, 1)))
    await api.post(MOVEMENTS, json=received(line(COFFEE, 2, 2)))
    assert await find_differences(stock_engine) == []

    await stock.execute(statement)

    assert any("average cost" in each for each in await find_differences(stock_engine))
