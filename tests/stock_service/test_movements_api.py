"""Receptions, adjustments and the ledger over HTTP."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import httpx
import pytest

from stock_service.api import catalogue_wait
from stock_service.domain.levels import LEVEL_LIMIT, ProductId
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    product_changed,
    reception,
    sale_recorded,
    store_changed,
)
from tests.stock_service.conftest import Stock

MOVEMENTS = "/api/stock/mouvements"


def adjustment(*lines: tuple[int, int], **more: Any) -> dict[str, Any]:
    return reception(*lines, **{"type": "ajustement", "motif": "inventaire", **more})


@pytest.fixture
async def catalogue(stock: Stock) -> None:
    await stock.receive(
        store_changed(), store_changed(OTHER_STORE, policy="permissive", name="Caisse")
    )
    await stock.receive(product_changed(COFFEE), product_changed(TEA))


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the wait for the catalogue, which never comes here."""
    monkeypatch.setattr(catalogue_wait, "CATALOGUE_WAIT", timedelta(0))


@pytest.mark.usefixtures("catalogue")
async def test_a_posted_document_is_where_the_answer_says(api: httpx.AsyncClient) -> None:
    body, key = reception((TEA, 1), (COFFEE, 5)), {"idempotency-key": "posted"}
    posted = await api.post(MOVEMENTS, json=body, headers=key)
    again = await api.post(MOVEMENTS, json=body, headers=key)

    found = await api.get(posted.headers["location"])

    assert (found.status_code, found.json()) == (200, posted.json())
    assert again.headers["location"] == posted.headers["location"]


async def test_a_sale_is_no_document_of_the_ledger(api: httpx.AsyncClient, stock: Stock) -> None:
    sale = sale_recorded((COFFEE, 1), policy="permissive")
    await stock.receive(sale)

    answer = await api.get(f"{MOVEMENTS}/{sale.body.sale_id}")

    assert (answer.status_code, answer.json()["code"]) == (404, "document-introuvable")


@pytest.mark.usefixtures("catalogue")
async def test_a_reception_is_posted_and_announced(api: httpx.AsyncClient, stock: Stock) -> None:
    response = await api.post(MOVEMENTS, json=reception((COFFEE, 5), (TEA, 1), (COFFEE, 2)))

    assert response.status_code == 201
    answer = response.json()
    assert answer["magasin_id"] == STORE
    assert answer["type"] == "reception"
    assert answer["lignes"] == [
        {"produit_id": COFFEE, "quantite": 7, "solde": 7},
        {"produit_id": TEA, "quantite": 1, "solde": 1},
    ]
    [event] = await stock.outbox("stock.stock-levels-changed.v1")
    assert [level["on_hand"] for level in event.body["levels"]] == [7, 1]


@pytest.mark.usefixtures("catalogue")
async def test_the_ledger_tells_everything_newest_first(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    posted = await api.post(
        MOVEMENTS, json=reception((COFFEE, 5), survenu_a="2024-11-23T07:00:00-05:00")
    )
    sale = sale_recorded((COFFEE, 2))
    await stock.receive(sale)
    await api.post(MOVEMENTS, json=adjustment((TEA, 9)))

    ledger = (await api.get(MOVEMENTS, params={"produit_id": COFFEE, "magasin_id": STORE})).json()

    newest, oldest = ledger
    assert (newest["type"], newest["delta"], newest["solde"]) == ("vente", -2, 3)
    assert newest["document_id"] == str(sale.body.sale_id)
    assert oldest.pop("id") < newest["id"]
    assert oldest.pop("enregistre_a")
    assert oldest == {
        "magasin_id": STORE,
        "produit_id": COFFEE,
        "delta": 5,
        "solde": 5,
        "type": "reception",
        "motif": None,
        "document_id": posted.json()["document_id"],
        "survenu_a": "2024-11-23T12:00:00Z",
    }


@pytest.mark.usefixtures("catalogue")
async def test_a_strict_store_cannot_be_adjusted_below_zero(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.put({COFFEE: 1, TEA: 9})

    response = await api.post(MOVEMENTS, json=adjustment((TEA, -1), (COFFEE, -2)))

    assert response.status_code == 409
    assert response.json()["code"] == "stock-insuffisant"
    assert response.json()["errors"] == [
        {
            "pointer": "/lignes/1/quantite",
            "code": "stock-insuffisant",
            "detail": "Il reste 1 unité(s).",
            "produit_id": COFFEE,
            "demande": 2,
            "disponible": 1,
        }
    ]
    assert await stock.levels() == {COFFEE: 1, TEA: 9}
    assert await stock.outbox() == []


@pytest.mark.usefixtures("catalogue")
async def test_a_permissive_store_may_be_adjusted_below_zero(api: httpx.AsyncClient) -> None:
    response = await api.post(MOVEMENTS, json=adjustment((COFFEE, -2), magasin_id=OTHER_STORE))

    assert response.json()["lignes"][0]["solde"] == -2


@pytest.mark.usefixtures("catalogue", "impatience")
async def test_everything_unknown_is_named_at_once(api: httpx.AsyncClient) -> None:
    response = await api.post(
        MOVEMENTS, json=reception((77, 1), (COFFEE, 1), (77, 2), magasin_id=99)
    )

    assert response.status_code == 404
    assert response.json()["code"] == "magasin-pas-encore-connu"
    faults = [(fault["pointer"], fault["code"]) for fault in response.json()["errors"]]
    assert faults == [
        ("/magasin_id", "magasin-pas-encore-connu"),
        ("/lignes/0/produit_id", "produit-pas-encore-connu"),
        ("/lignes/2/produit_id", "produit-pas-encore-connu"),
    ]


@pytest.mark.usefixtures("impatience")
async def test_what_is_not_known_yet_is_posted_later_under_the_same_key(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    key = {"Idempotency-Key": "livraison-15"}
    await stock.receive(store_changed())
    too_early = await api.post(MOVEMENTS, json=reception((COFFEE, 5)), headers=key)
    await stock.receive(product_changed(COFFEE))

    later = await api.post(MOVEMENTS, json=reception((COFFEE, 5)), headers=key)

    assert (too_early.status_code, too_early.headers["retry-after"]) == (404, "1")
    assert too_early.json()["code"] == "produit-pas-encore-connu"
    assert later.status_code == 201
    assert await stock.levels() == {COFFEE: 5}


async def test_a_product_on_its_way_is_waited_for(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.receive(store_changed())
    posting = asyncio.create_task(api.post(MOVEMENTS, json=reception((COFFEE, 5))))
    assert (await api.get(MOVEMENTS)).json() == []
    assert not posting.done()

    await stock.receive(product_changed(COFFEE))

    assert (await posting).status_code == 201


@pytest.mark.usefixtures("catalogue")
async def test_the_same_key_gives_the_same_answer_and_moves_once(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    key = {"Idempotency-Key": "livraison-1"}

    first = await api.post(MOVEMENTS, json=reception((COFFEE, 5)), headers=key)
    again = await api.post(MOVEMENTS, json=reception((COFFEE, 5)), headers=key)
    other = await api.post(MOVEMENTS, json=reception((COFFEE, 6)), headers=key)

    assert again.status_code == 201
    assert again.content == first.content
    assert other.status_code == 422
    assert await stock.levels() == {COFFEE: 5}


LONG = "x" * 201


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (reception(), "/lignes"),
        (reception(*[(COFFEE, 1)] * 5001), "/lignes"),
        (reception((COFFEE, 0)), "/lignes/0/quantite"),
        (reception((COFFEE, 1_000_001)), "/lignes/0/quantite"),
        (reception((COFFEE, True)), "/lignes/0/quantite"),
        (reception((0, 1)), "/lignes/0/produit_id"),
        (reception((2**31, 1)), "/lignes/0/produit_id"),
        (reception((COFFEE, 1), magasin_id=10**30), "/magasin_id"),
        (reception((COFFEE, 1), type="vente"), "/type"),
        (reception((COFFEE, 1), couleur="bleu"), "/couleur"),
        (reception((COFFEE, 1), survenu_a="2026-11-23T07:00:00"), "/survenu_a"),
        (reception((COFFEE, 1), survenu_a="0001-01-01T00:00:00+14:00"), "/survenu_a"),
        (reception((COFFEE, 1), survenu_a="9999-12-31T23:59:59-14:00"), "/survenu_a"),
        (adjustment((COFFEE, 1), motif=None), "/motif"),
        (adjustment((COFFEE, 1), motif="  "), "/motif"),
        (adjustment((COFFEE, 1), motif=LONG), "/motif"),
        (adjustment((COFFEE, 1), motif="a\x00b"), "/motif"),
        (adjustment((COFFEE, 1), motif="\ud800"), "/motif"),
        (adjustment((COFFEE, -1), (COFFEE, 1)), "/lignes/0/quantite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_that_makes_no_sense_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    # Not with json=: httpx refuses some of the strings that JSON can hold.
    as_json = {"content-type": "application/json"}
    response = await api.post(MOVEMENTS, content=json.dumps(body), headers=as_json)

    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


@pytest.mark.usefixtures("catalogue")
async def test_a_level_stays_within_its_bounds(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: LEVEL_LIMIT})

    response = await api.post(MOVEMENTS, json=reception((COFFEE, 1)))

    assert response.status_code == 422
    assert response.json()["code"] == "niveau-hors-bornes"


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("key-of-till", 403),
        ("key-of-manager", 201),
        ("key-of-head-office", 201),
        ("nobody's", 401),
    ],
)
async def test_who_may_post(api: httpx.AsyncClient, key: str, status: int) -> None:
    body = reception((COFFEE, 1))

    response = await api.post(MOVEMENTS, json=body, headers={"x-token": key})

    assert response.status_code == status


@pytest.mark.usefixtures("catalogue")
async def test_posted_movements_and_sales_at_once_neither_deadlock_nor_lose_anything(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    products = [ProductId(number) for number in range(1, 31)]
    await stock.receive(*(product_changed(product_id) for product_id in products))
    # No level exists yet, so the inserts of the rows race too.
    dice = random.Random(7)

    async def post() -> None:
        lines = [(product_id, 2) for product_id in dice.sample(products, 20)]
        assert (await api.post(MOVEMENTS, json=reception(*lines))).status_code == 201

    async def sell() -> None:
        chosen = [dice.sample(products, 10) for _ in range(3)]
        await stock.receive(
            *(
                sale_recorded(*((product_id, 1) for product_id in some), policy="permissive")
                for some in chosen
            )
        )

    await asyncio.gather(*(action() for _ in range(25) for action in (post, sell)))

    assert sum((await stock.levels()).values()) == 25 * 20 * 2 - 25 * 3 * 10
    assert await stock.differences() == []
