"""A return that a till repeats is one return."""

import asyncio
from typing import Any

import pytest

from tests.sales_service.conftest import Shop
from tests.sales_service.test_returns import bring_back, events, sold, units
from tests.sales_service.test_scopes import refused


async def test_a_return_needs_a_key_or_an_id(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    body = {"lignes": [{"ligne": 1, "quantite": 1}]}

    assert refused(await bring_back(shop, sale, body)) == (400, "cle-requise")
    assert (await bring_back(shop, sale, body, **{"Idempotency-Key": "r"})).status_code == 201


async def test_a_repeated_id_gets_the_recorded_return(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    body = units((1, 1), motif="taille")

    first = await bring_back(shop, sale, body)
    again = await bring_back(shop, sale, body)
    # Under a key, and without what the till leaves out.
    less = {name: value for name, value in body.items() if name != "motif"}
    keyed = await bring_back(shop, sale, less, **{"Idempotency-Key": "late"})
    same_key = await bring_back(shop, sale, less, **{"Idempotency-Key": "late"})

    for each in again, keyed, same_key:
        assert (each.status_code, each.json()) == (201, first.json())
        assert each.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len(await events(shop)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"motif": "autre"},
        {"caisse": "caisse-9"},
        {"lignes": [{"ligne": 1, "quantite": 2}]},
        {"lignes": [{"ligne": 1, "quantite": 1, "remise_en_stock": False}]},
        {"lignes": [{"ligne": 2, "quantite": 1}]},
        {"date": "2026-01-01T00:00:00Z"},
        {"paiements": [{"moyen": "comptant", "montant": 1}]},
    ],
)
async def test_another_content_under_the_id_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    sale = await sold(shop, (shop.coffee, 3), (shop.tea, 1))
    body = units((1, 1), motif="taille", caisse="caisse-1")
    await bring_back(shop, sale, body)

    answer = await bring_back(shop, sale, body | change)

    assert refused(answer) == (409, "retour-existant")


async def test_an_id_belongs_to_one_sale(shop: Shop) -> None:
    sales = [await sold(shop, (shop.coffee, 1)) for _ in range(6)]
    body = units((1, 1))

    # The sales' locks are different ones: the id decides.
    answers = await asyncio.gather(*(bring_back(shop, sale, body) for sale in sales))

    assert sorted(each.status_code for each in answers) == [201] + [409] * 5
    assert {refused(each) for each in answers if each.status_code == 409} == {
        (409, "retour-existant")
    }
    assert len(await events(shop)) == 1


async def test_a_repetition_while_the_first_one_runs_is_one_return(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 5))
    body = units((1, 1))

    answers = await asyncio.gather(
        *(bring_back(shop, sale, body) for _ in range(4)),
        *(bring_back(shop, sale, body, **{"Idempotency-Key": "k"}) for _ in range(4)),
    )

    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["numero"] for each in answers}) == 1
    assert len(await events(shop)) == 1
