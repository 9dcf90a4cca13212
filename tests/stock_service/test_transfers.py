"""Transfers over HTTP: out of one store, in transit, into another one."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.stock_service.builders import COFFEE, OTHER_STORE, STORE, TEA
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import (
    CENTRE,
    TRANSFERS,
    a_transfer,
    conserved,
    counted,
    open_chain,
    shipped,
)
from tests.stock_service.reserving import let_expire, reserve


@pytest.fixture(autouse=True)
async def chain(stock: Stock) -> None:
    await open_chain(stock)


async def line_of(api: httpx.AsyncClient, url: str) -> dict[str, int]:
    """Return the only line of a transfer, without its product and quantity."""
    [line] = (await api.get(url)).json()["lignes"]
    return {name: line[name] for name in ("expedie", "recu", "ecart", "en_transit")}


async def test_goods_leave_one_store_and_arrive_in_another(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 3), (COFFEE, 2), (TEA, 1)))
    url = drafted.headers["location"]
    assert (drafted.status_code, drafted.json()["statut"]) == (201, "brouillon")
    assert await stock.levels(CENTRE) == {COFFEE: 50, TEA: 5}

    sent = await api.post(f"{url}/expedition")

    assert (sent.status_code, sent.json()["statut"]) == (200, "expedie")
    assert await stock.levels(CENTRE) == {COFFEE: 45, TEA: 4}
    assert await stock.levels() == {COFFEE: 0, TEA: 0}
    arrived = await api.post(f"{url}/reception")
    assert (arrived.status_code, arrived.json()["statut"]) == (200, "recu")
    assert await stock.levels() == {COFFEE: 5, TEA: 1}
    assert (await api.get(url)).json() == arrived.json()
    assert arrived.json()["cree_par"] == arrived.json()["clos_par"]
    assert await conserved(stock)


async def test_what_is_on_its_way_is_shown_beside_the_level(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    url = await shipped(api, (COFFEE, 5))

    async def in_transit() -> list[tuple[int, int]]:
        rows = (await api.get(f"/api/magasins/{STORE}/stock")).json()
        of_all = (await api.get("/api/stock/", params={"produit_id": COFFEE})).json()
        [row] = [each for each in of_all if each["magasin_id"] == STORE]
        assert row == rows[0]
        return [(each["quantite_stock"], each["en_transit"]) for each in rows]

    assert await in_transit() == [(0, 5)]
    await api.post(f"{url}/reception", json=counted((COFFEE, 2), reception_id=str(uuid4())))
    assert await in_transit() == [(2, 3)]
    await api.post(f"{url}/reception")
    assert await in_transit() == [(5, 0)]


async def test_goods_arrive_in_parts(api: httpx.AsyncClient, stock: Stock) -> None:
    url = await shipped(api, (COFFEE, 5))
    first = counted((COFFEE, 2), reception_id=str(uuid4()))

    part = await api.post(f"{url}/reception", json=first)
    again = await api.post(f"{url}/reception", json=first)
    other = await api.post(f"{url}/reception", json=first | counted((COFFEE, 1)))
    rest = await api.post(
        f"{url}/reception", json=counted((COFFEE, 3)), headers={"idempotency-key": "rest"}
    )

    assert (part.status_code, part.json()["statut"]) == (200, "expedie")
    assert (again.json(), again.headers["idempotent-replayed"]) == (part.json(), "true")
    assert (other.status_code, other.json()["code"]) == (409, "reception-existante")
    assert (rest.status_code, rest.json()["statut"]) == (200, "recu")
    assert await stock.levels() == {COFFEE: 5}
    assert await conserved(stock)


@pytest.mark.parametrize(("arrived", "difference"), [(3, -2), (7, 2), (0, -5), (5, 0)], ids=str)
async def test_a_difference_is_named_and_closes_the_transfer(
    api: httpx.AsyncClient, stock: Stock, arrived: int, difference: int
) -> None:
    url = await shipped(api, (COFFEE, 5))

    body = counted((COFFEE, arrived), motif_ecart="Carton abîmé")
    answer = await api.post(f"{url}/reception", json=body)

    assert (answer.status_code, answer.json()["statut"]) == (200, "recu")
    assert answer.json()["motif_ecart"] == "Carton abîmé"
    assert await line_of(api, url) == {
        "expedie": 5,
        "recu": arrived,
        "ecart": difference,
        "en_transit": 0,
    }
    assert await stock.levels() == {COFFEE: arrived}
    ledger = (await api.get("/api/stock/mouvements", params={"magasin_id": STORE})).json()
    moved = [(each["type"], each["delta"], each["motif"]) for each in reversed(ledger)]
    named = [("ecart_transfert", difference, "Carton abîmé")] if difference else []
    assert moved == [("transfert_entree", 5, "Carton abîmé"), *named]
    assert await conserved(stock)


async def test_a_strict_sender_ships_all_or_nothing(api: httpx.AsyncClient, stock: Stock) -> None:
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 51), (TEA, 6)))

    answer = await api.post(f"{drafted.headers['location']}/expedition")

    assert (answer.status_code, answer.json()["code"]) == (409, "stock-insuffisant")
    faults = answer.json()["errors"]
    assert [(f["produit_id"], f["demande"], f["disponible"]) for f in faults] == [
        (COFFEE, 51, 50),
        (TEA, 6, 5),
    ]
    assert await stock.levels(CENTRE) == {COFFEE: 50, TEA: 5}
    assert await stock.outbox() == []


async def test_a_strict_sender_ships_nothing_that_is_reserved(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    held = await reserve(api, (COFFEE, 10), magasin_id=CENTRE)
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 41)))

    refused = await api.post(f"{drafted.headers['location']}/expedition")
    await let_expire(stock, held)
    shipping = await api.post(f"{drafted.headers['location']}/expedition")

    assert refused.status_code == 409
    assert refused.json()["errors"][0]["disponible"] == 40
    assert shipping.status_code == 200


async def test_a_permissive_sender_may_go_below_zero(api: httpx.AsyncClient, stock: Stock) -> None:
    await shipped(api, (COFFEE, 2), de=OTHER_STORE)

    assert await stock.levels(OTHER_STORE) == {COFFEE: -2}


async def test_a_cancelled_draft_is_never_shipped(api: httpx.AsyncClient) -> None:
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 1)))
    url = drafted.headers["location"]

    ended = await api.post(f"{url}/annulation")

    assert (ended.status_code, ended.json()["statut"]) == (200, "annule")
    assert (await api.post(f"{url}/expedition")).json()["statut"] == "annule"


async def test_a_draft_is_made_once(api: httpx.AsyncClient) -> None:
    body = a_transfer((COFFEE, 1))

    first = await api.post(TRANSFERS, json=body)
    again = await api.post(TRANSFERS, json=body)
    other = await api.post(TRANSFERS, json=body | {"reference": "B"})
    without = await api.post(TRANSFERS, json=body | {"transfert_id": None})
    under_a_key = [
        await api.post(
            TRANSFERS, json=body | {"transfert_id": None}, headers={"idempotency-key": "t-1"}
        )
        for _ in range(2)
    ]

    assert (again.status_code, again.json()) == (201, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "transfert-existant")
    assert (without.status_code, without.json()["code"]) == (400, "cle-requise")
    assert under_a_key[0].headers["location"] == under_a_key[1].headers["location"]
    assert len((await api.get(TRANSFERS)).json()) == 2


async def test_lists_show_filtered_pages_newest_first(api: httpx.AsyncClient) -> None:
    first = await shipped(api, (COFFEE, 1))
    second = await shipped(api, (COFFEE, 1), de=OTHER_STORE)
    third = (await api.post(TRANSFERS, json=a_transfer((COFFEE, 1)))).headers["location"]

    async def urls(**query: Any) -> list[str]:
        found = (await api.get(TRANSFERS, params=query)).json()
        return [f"{TRANSFERS}/{each['transfert_id']}" for each in found]

    assert await urls() == [third, second, first]
    assert await urls(magasin_id=CENTRE) == [third, first]
    assert await urls(magasin_id=STORE, statut="expedie") == [second, first]
    assert await urls(statut="annule") == []
    page = await api.get(TRANSFERS, params={"limite": 2})
    rest = await api.get(page.links["next"]["url"])
    assert (len(page.json()), len(rest.json())) == (2, 1)


async def test_of_many_who_ship_at_once_one_does(api: httpx.AsyncClient, stock: Stock) -> None:
    drafted = await api.post(TRANSFERS, json=a_transfer((COFFEE, 4)))
    url = drafted.headers["location"]

    sent = await asyncio.gather(*(api.post(f"{url}/expedition") for _ in range(8)))
    arrived = await asyncio.gather(*(api.post(f"{url}/reception") for _ in range(8)))

    for answers in (sent, arrived):
        assert sorted(each.status_code for each in answers) == [200] + [409] * 7
    assert await stock.levels(CENTRE) == {COFFEE: 46, TEA: 5}
    assert await stock.levels() == {COFFEE: 4}
    assert await conserved(stock)


async def test_crossing_transfers_do_not_deadlock(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.put({COFFEE: 50, TEA: 50}, OTHER_STORE)

    async def move(sender: int, receiver: int) -> None:
        url = await shipped(api, (TEA, 1), (COFFEE, 1), de=sender, vers=receiver)
        assert (await api.post(f"{url}/reception")).status_code == 200

    await asyncio.gather(
        *(
            move(*route)
            for _ in range(5)
            for route in ((OTHER_STORE, STORE), (CENTRE, OTHER_STORE), (OTHER_STORE, CENTRE))
        )
    )

    assert await conserved(stock)


async def test_events_are_keyed_by_the_store_whose_levels_move(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    url = await shipped(api, (COFFEE, 5))
    await api.post(f"{url}/reception", json=counted((COFFEE, 4), motif_ecart="Perdu"))

    [sent] = await stock.outbox("stock.transfer-shipped.v1")
    [arrived] = await stock.outbox("stock.transfer-received.v1")

    assert (sent.key, arrived.key) == (str(CENTRE), str(STORE))
    assert sent.body["lines"] == [{"product_id": COFFEE, "quantity": 5}]
    assert arrived.body["lines"] == [{"product_id": COFFEE, "quantity": 4, "difference": -1}]
    assert (arrived.body["is_closed"], arrived.body["difference_reason"]) == (True, "Perdu")
    assert sent.body["transfer_id"] == arrived.body["transfer_id"]
    stores = [each.body["store_id"] for each in await stock.outbox("stock.stock-levels-changed.v1")]
    assert stores == [CENTRE, STORE]
