"""Transfers that are refused: drafts without sense, goods without reason, steps out of order."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.stock_service.builders import COFFEE, TEA
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import (
    CENTRE,
    TRANSFERS,
    a_transfer,
    counted,
    shipped,
)
from tests.stock_service.test_transfers import chain as chain


async def test_a_step_is_taken_once_and_in_its_order(api: httpx.AsyncClient, stock: Stock) -> None:
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 1)))
    url = drafted.headers["location"]

    early = await api.post(f"{url}/reception")
    sent = [await api.post(f"{url}/expedition") for _ in range(2)]
    late = await api.post(f"{url}/annulation")
    arrived = [await api.post(f"{url}/reception") for _ in range(2)]

    assert (early.status_code, early.json()["statut"]) == (409, "brouillon")
    assert [each.status_code for each in sent] == [200, 409]
    assert (late.status_code, late.json()["code"]) == (409, "etat-du-transfert")
    assert [each.status_code for each in arrived] == [200, 409]
    assert await stock.levels() == {COFFEE: 1}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (a_transfer(), "/lignes"),
        (a_transfer((COFFEE, 0)), "/lignes/0/quantite"),
        (a_transfer((COFFEE, 1), vers=CENTRE), "/vers"),
        (a_transfer((COFFEE, 1), couleur="bleu"), "/couleur"),
        (a_transfer((COFFEE, 1), reference=" "), "/reference"),
        (a_transfer((COFFEE, 1), transfert_id="x"), "/transfert_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_draft_that_makes_no_sense_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post(TRANSFERS, json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_everything_unknown_is_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post(TRANSFERS, json=a_transfer((COFFEE, 1), (77, 1), vers=99))

    assert (answer.status_code, answer.json()["code"]) == (404, "magasin-pas-encore-connu")
    assert [each["pointer"] for each in answer.json()["errors"]] == [
        "/vers",
        "/lignes/1/produit_id",
    ]


@pytest.mark.parametrize(
    ("lines", "pointers"),
    [
        ([(COFFEE, 6)], ["/lignes/0/quantite"]),
        ([(COFFEE, 3), (COFFEE, 3)], ["/lignes/0/quantite", "/lignes/1/quantite"]),
        ([(TEA, 1), (COFFEE, 1)], ["/lignes/0/produit_id"]),
        ([(COFFEE, 0)], ["/lignes"]),
    ],
)
async def test_goods_that_are_not_on_their_way_need_a_reason(
    api: httpx.AsyncClient, stock: Stock, lines: list[tuple[int, int]], pointers: list[str]
) -> None:
    url = await shipped(api, (COFFEE, 5))

    body = counted(*lines, reception_id=str(uuid4()))
    answer = await api.post(f"{url}/reception", json=body)

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == pointers
    assert await stock.levels() == {COFFEE: 0}


async def test_a_part_that_could_be_counted_twice_needs_a_key(api: httpx.AsyncClient) -> None:
    url = await shipped(api, (COFFEE, 5))

    answer = await api.post(f"{url}/reception", json=counted((COFFEE, 1)))

    assert (answer.status_code, answer.json()["code"]) == (400, "cle-requise")
