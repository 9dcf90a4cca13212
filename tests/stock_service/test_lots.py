"""Ten thousand movements of many stores in one request: all or none."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from stock_service.api import catalogue_wait
from stock_service.domain.levels import ProductId, StoreId
from tests.fixtures.waiting import eventually
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

LOTS = "/api/stock/mouvements/lots"
STORES = [StoreId(each) for each in range(3, 8)]
PRODUCTS = [ProductId(each) for each in range(1, 2001)]
ALL = [(store, product, 2) for product in PRODUCTS for store in STORES]


def lot(*lines: tuple[int, Any, Any], **more: Any) -> dict[str, Any]:
    rows = [
        {"magasin_id": store, "produit_id": product, "quantite": quantity}
        for store, product, quantity in lines
    ]
    return {"type": "reception", "lignes": rows, **more}


def correction(*lines: tuple[int, Any, Any], **more: Any) -> dict[str, Any]:
    return lot(*lines, **{"type": "ajustement", "motif": "Casse", **more})


async def count_waiting(stock: Stock) -> int:
    """Return how many sessions wait for a lock."""
    [row] = await stock.execute("""
        SELECT count(*) AS sessions FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    """)
    return int(row.sessions)


@pytest.fixture
async def catalogue(stock: Stock) -> None:
    # The first two stores are strict.
    policies = ["strict", "strict", "permissive", "permissive", "permissive"]
    await stock.receive(
        *(
            store_changed(store, policy=policy)
            for store, policy in zip(STORES, policies, strict=True)
        )
    )
    await stock.receive(*map(product_changed, PRODUCTS))


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for the catalogue, which never comes here."""
    monkeypatch.setattr(catalogue_wait, "CATALOGUE_WAIT", timedelta(0))


@pytest.mark.usefixtures("catalogue")
async def test_ten_thousand_lines_are_one_movement_of_each_level(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    answer = await api.post(LOTS, json=lot(*ALL, survenu_a="2026-11-20T08:00:00Z"))

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["mouvements"] == 10_000
    assert [each["magasin_id"] for each in told["documents"]] == STORES
    assert {each["mouvements"] for each in told["documents"]} == {2000}
    assert len({each["document_id"] for each in told["documents"]}) == 5
    [row] = await stock.execute("""
        SELECT count(*) AS rows, sum(delta) AS units, count(DISTINCT document_id) AS documents,
            min(actor) AS actor, min(kind) AS kind, min(occurred_at) AS occurred_at
        FROM movements
    """)
    assert (row.rows, row.units, row.documents) == (10_000, 20_000, 5)
    assert (row.actor, row.kind) == ("test/manager", "reception")
    assert row.occurred_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert await stock.differences() == []


@pytest.mark.usefixtures("catalogue")
async def test_a_lot_is_announced_in_bounded_events_of_one_store(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await api.post(LOTS, json=lot(*ALL))

    posted = await stock.outbox("stock.movement-posted.v1")
    levels = await stock.outbox("stock.stock-levels-changed.v1")
    assert [(each.key, each.body["line_count"]) for each in posted] == [
        (str(store), 2000) for store in STORES
    ]
    assert {each.actor for each in levels} == {"test/manager"}
    assert Counter(each.key for each in levels for _ in each.body["levels"]) == Counter(
        {str(store): 2000 for store in STORES}
    )
    assert max(len(each.payload) for each in levels) < 900_000


@pytest.mark.usefixtures("catalogue")
async def test_each_document_of_a_lot_is_found(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: 5})
    body = correction((STORE, COFFEE, -1), (OTHER_STORE, TEA, 4), (STORE, COFFEE, -2))

    [first, second] = (await api.post(LOTS, json=body)).json()["documents"]
    found = (await api.get(f"/api/stock/mouvements/{first['document_id']}")).json()
    ledger = (await api.get(f"/api/stock/mouvements?magasin_id={OTHER_STORE}")).json()

    assert found["lignes"] == [{"produit_id": COFFEE, "quantite": -3, "solde": 2}]
    assert (ledger[0]["document_id"], ledger[0]["motif"]) == (second["document_id"], "Casse")


@pytest.mark.usefixtures("catalogue", "impatience")
async def test_all_bad_rows_are_named_and_nothing_is_applied(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    lines: list[tuple[int, Any, Any]] = list(ALL)
    bad = sorted(random.Random(5).sample(range(10_000), 250))
    spoilt: list[Callable[[int, int], tuple[int, Any, Any]]] = [
        lambda store, product: (store, product, "deux"),
        lambda store, product: (store, product, 0),
        lambda store, product: (store, 9_999_999, 1),
        lambda store, product: (99, product, 1),
        lambda store, product: (store, None, 1),
    ]
    for number, row in enumerate(bad):
        store, product, _ = lines[row]
        lines[row] = spoilt[number % 5](store, product)

    answer = await api.post(LOTS, json=lot(*lines))

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"] == "La requête contient 250 erreur(s)."
    member = ["quantite", "quantite", "produit_id", "magasin_id", "produit_id"]
    assert [each["pointer"] for each in problem["errors"]] == [
        f"/lignes/{row}/{member[number % 5]}" for number, row in enumerate(bad[:100])
    ]
    assert [each["code"] for each in problem["errors"][:5]] == [
        "int_type",
        "quantite-invalide",
        "produit-pas-encore-connu",
        "magasin-pas-encore-connu",
        "int_type",
    ]
    assert problem["autres_lignes"] == bad[100:]
    assert await stock.levels() == {}
    assert await stock.outbox() == []


@pytest.mark.usefixtures("catalogue")
async def test_the_same_key_gives_the_same_answer_and_moves_once(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    key = {"Idempotency-Key": "lot-1"}
    body = lot((STORE, COFFEE, 5), (OTHER_STORE, TEA, 1))

    first = await api.post(LOTS, json=body, headers=key)
    again = await api.post(LOTS, json=body, headers=key)
    other = await api.post(LOTS, json=lot((STORE, COFFEE, 6)), headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert other.status_code == 422
    assert await stock.levels() == {COFFEE: 5}


@pytest.mark.usefixtures("catalogue")
async def test_one_key_at_once_moves_once(api: httpx.AsyncClient, stock: Stock) -> None:
    key = {"Idempotency-Key": "lot-2"}

    answers = await asyncio.gather(
        *(api.post(LOTS, json=lot(*ALL[:2000]), headers=key) for _ in range(4))
    )

    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert set((await stock.levels()).values()) == {2}


@pytest.mark.usefixtures("impatience")
async def test_what_is_not_known_yet_is_posted_later_under_the_same_key(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    key, body = {"Idempotency-Key": "lot-3"}, lot((STORE, COFFEE, 5))
    await stock.receive(store_changed())
    too_early = await api.post(LOTS, json=body, headers=key)
    await stock.receive(product_changed(COFFEE))

    later = await api.post(LOTS, json=body, headers=key)

    assert (too_early.status_code, too_early.headers["retry-after"]) == (404, "1")
    assert too_early.json()["code"] == "produit-pas-encore-connu"
    assert later.status_code == 201


@pytest.mark.usefixtures("catalogue")
async def test_lots_and_sales_of_the_same_products_at_once_never_deadlock(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    dice = random.Random(7)
    # No level exists yet, so the inserts of the rows race too.
    products = PRODUCTS[:60]

    async def post() -> None:
        lines = [(store, product, 2) for store in STORES for product in dice.sample(products, 40)]
        dice.shuffle(lines)
        answer = await api.post(LOTS, json=lot(*lines))
        assert answer.status_code == 201, answer.text

    async def sell() -> None:
        await stock.receive(
            *(
                sale_recorded(
                    *((product, 1) for product in dice.sample(products, 10)),
                    store_id=dice.choice(STORES),
                    policy="permissive",
                )
                for _ in range(3)
            )
        )

    # No more lots at once than the API has connections: each waits for levels only.
    for _ in range(3):
        await asyncio.gather(*(act() for _ in range(7) for act in (post, sell)))

    levels = [await stock.levels(store) for store in STORES]
    assert sum(sum(each.values()) for each in levels) == 21 * 5 * 40 * 2 - 21 * 3 * 10
    assert await stock.differences() == []


@pytest.mark.usefixtures("catalogue")
async def test_a_lot_waits_for_a_held_level_and_then_moves_it(
    api: httpx.AsyncClient, stock: Stock, stock_engine: AsyncEngine
) -> None:
    await stock.put({COFFEE: 5})
    async with stock_engine.begin() as connection:
        await connection.execute(
            text("UPDATE stock_levels SET on_hand = 4, version = 2 WHERE product_id = 11")
        )
        posting = asyncio.create_task(api.post(LOTS, json=correction((STORE, COFFEE, -5))))
        await eventually(partial(count_waiting, stock), 1)

    # It decides on the level that it finds when it has the lock.
    assert (await posting).status_code == 409
