"""Requests for goods over HTTP: what stores ask of the centre leaves the centre, once."""

import asyncio
from typing import Any

import httpx
import pytest

from stock_service.domain.levels import StoreId
from tests.stock_service.builders import COFFEE, OTHER_STORE, STORE, TEA, store_changed
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import CENTRE, TRANSFERS, conserved, counted, open_chain
from tests.stock_service.reserving import reserve

REQUESTS = "/api/demandes/"
SECOND_CENTRE = StoreId(7)


@pytest.fixture(autouse=True)
async def chain(stock: Stock) -> None:
    await open_chain(stock)


def a_request(product: int = COFFEE, quantity: int = 20, store: int = STORE) -> dict[str, Any]:
    return {"produit_id": product, "quantite": quantity, "magasin_id": store}


async def asked(api: httpx.AsyncClient, *args: Any, **more: Any) -> int:
    """Ask for goods and return the number of the request."""
    answer = await api.post(REQUESTS, json=a_request(*args) | more)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def steps(api: httpx.AsyncClient, number: int, *names: str) -> list[str]:
    """Take these steps and return the status after each of them."""
    answers = [await api.post(f"{REQUESTS}{number}/{name}") for name in names]
    return [answer.json()["statut"] for answer in answers]


async def test_a_request_is_listed_as_the_original_listed_it(api: httpx.AsyncClient) -> None:
    asked = await api.post(REQUESTS, json=a_request())

    assert asked.status_code == 201
    assert {name: asked.json()[name] for name in ("quantite", "magasin_id", "statut")} == {
        "quantite": 20,
        "magasin_id": STORE,
        "statut": "en_attente",
    }
    assert asked.json()["centre_id"] == CENTRE
    assert (await api.get(REQUESTS)).json() == [asked.json()]
    assert (await api.get(asked.headers["location"])).json() == asked.json()


async def test_the_goods_of_a_request_leave_the_centre(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    number = await asked(api)

    done = await api.post(f"{REQUESTS}traiter/{number}")

    assert done.status_code == 200
    assert done.json()["message"].startswith(f"Demande {number} traitée : 20 unité(s)")
    assert (done.json()["demande"]["statut"], done.json()["demande"]["quantite_expediee"]) == (
        "recue",
        20,
    )
    assert await stock.levels(CENTRE) == {COFFEE: 30, TEA: 5}
    assert await stock.levels() == {COFFEE: 20}
    transfer = (await api.get(f"{TRANSFERS}/{done.json()['demande']['transfert_id']}")).json()
    assert (transfer["de"], transfer["vers"], transfer["statut"]) == (CENTRE, STORE, "recu")
    kinds = [event.type.split(".")[1] for event in await stock.outbox()]
    assert kinds == ["transfer-shipped", "transfer-received", *["stock-levels-changed"] * 2]
    assert await conserved(stock)


async def test_a_request_that_is_done_is_not_found(api: httpx.AsyncClient, stock: Stock) -> None:
    number = await asked(api)
    refused = await asked(api)
    await api.post(f"{REQUESTS}{refused}/refus", json={"motif": "Épuisé"})
    await api.post(f"{REQUESTS}traiter/{number}")

    answers = [await api.post(f"{REQUESTS}traiter/{each}") for each in (number, refused, 99)]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (404, "demande-introuvable")
    }
    assert await stock.levels() == {COFFEE: 20}


async def test_of_ten_who_fulfil_a_request_at_once_one_does(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    number = await asked(api)

    answers = await asyncio.gather(*(api.post(f"{REQUESTS}traiter/{number}") for _ in range(10)))

    assert sorted(each.status_code for each in answers) == [200] + [404] * 9
    assert await stock.levels(CENTRE) == {COFFEE: 30, TEA: 5}
    assert await stock.levels() == {COFFEE: 20}
    assert len((await api.get(TRANSFERS)).json()) == 1


async def test_a_retry_under_its_key_gets_the_first_answer(api: httpx.AsyncClient) -> None:
    key = {"idempotency-key": "demande-1"}
    made = [await api.post(REQUESTS, json=a_request(), headers=key) for _ in range(2)]
    url = f"{REQUESTS}traiter/{made[0].json()['id']}"

    done = [await api.post(url, headers=key | {"idempotency-key": "traiter-1"}) for _ in range(2)]

    assert made[0].json() == made[1].json()
    assert (done[0].status_code, done[1].status_code) == (200, 200)
    assert done[0].json() == done[1].json()


async def test_a_request_goes_from_its_asking_to_its_arrival(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    number = await asked(api)

    way = await steps(api, number, "approbation", "preparation", "expedition")

    assert way == ["approuvee", "preparee", "expediee"]
    assert await stock.levels(CENTRE) == {COFFEE: 30, TEA: 5}
    assert await stock.levels() == {COFFEE: 0}
    assert await steps(api, number, "reception") == ["recue"]
    assert await stock.levels() == {COFFEE: 20}
    assert await conserved(stock)


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), "preparation"),
        ((), "expedition"),
        ((), "reception"),
        (("approbation",), "approbation"),
        (("approbation", "expedition"), "expedition"),
        (("approbation", "expedition"), "refus"),
        (("approbation", "expedition", "reception"), "reception"),
    ],
)
async def test_a_step_out_of_its_order_is_refused(
    api: httpx.AsyncClient, before: tuple[str, ...], step: str
) -> None:
    number = await asked(api)
    state = ["en_attente", *await steps(api, number, *before)][-1]

    body = {"motif": "Trop tard"} if step == "refus" else None
    answer = await api.post(f"{REQUESTS}{number}/{step}", json=body)

    assert answer.status_code == 409
    assert answer.json()["statut"] == state


async def test_a_refusal_says_why(api: httpx.AsyncClient) -> None:
    number = await asked(api)

    answer = await api.post(f"{REQUESTS}{number}/refus", json={"motif": "Épuisé"})

    assert (answer.json()["statut"], answer.json()["motif"]) == ("refusee", "Épuisé")


@pytest.mark.parametrize("step", ["traiter/{}", "{}/expedition"])
async def test_a_centre_with_too_little_says_what_it_has(
    api: httpx.AsyncClient, stock: Stock, step: str
) -> None:
    number = await asked(api, TEA, 8)
    if step != "traiter/{}":
        await steps(api, number, "approbation")

    refused = await api.post(f"{REQUESTS}{step.format(number)}")
    partial = await api.post(f"{REQUESTS}{step.format(number)}", params={"partiel": "true"})

    assert (refused.status_code, refused.json()["code"]) == (409, "stock-insuffisant")
    [fault] = refused.json()["errors"]
    assert (fault["demande"], fault["disponible"], fault["centre_id"]) == (8, 5, CENTRE)
    assert partial.status_code == 200, partial.text
    assert (await api.get(f"{REQUESTS}{number}")).json()["quantite_expediee"] == 5
    assert (await stock.levels(CENTRE))[TEA] == 0


async def test_nothing_is_sent_of_an_empty_shelf(api: httpx.AsyncClient, stock: Stock) -> None:
    number = await asked(api, TEA, 5)
    await api.post(f"{REQUESTS}traiter/{await asked(api, TEA, 5)}")

    answer = await api.post(f"{REQUESTS}traiter/{number}", params={"partiel": "true"})

    assert (answer.status_code, answer.json()["errors"][0]["disponible"]) == (409, 0)


async def test_a_centre_sends_nothing_that_is_reserved(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await reserve(api, (TEA, 2), magasin_id=CENTRE)
    number = await asked(api, TEA, 4)

    refused = await api.post(f"{REQUESTS}traiter/{number}")
    partial = await api.post(f"{REQUESTS}traiter/{number}", params={"partiel": "true"})

    assert (refused.status_code, refused.json()["errors"][0]["disponible"]) == (409, 3)
    assert partial.status_code == 200
    assert (await stock.levels(CENTRE))[TEA] == 2


async def test_a_permissive_centre_sends_no_more_than_it_has(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await stock.receive(
        store_changed(CENTRE, version=2, kind="logistics-centre", policy="permissive")
    )

    answer = await api.post(f"{REQUESTS}traiter/{await asked(api, COFFEE, 51)}")

    assert answer.status_code == 409


async def test_without_a_centre_nothing_is_sent(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.receive(store_changed(CENTRE, version=2, kind="logistics-centre", is_active=False))

    answer = await api.post(f"{REQUESTS}traiter/{await asked(api)}")

    assert (answer.status_code, answer.json()["code"]) == (409, "aucun-centre")


async def test_of_several_centres_one_is_named(api: httpx.AsyncClient, stock: Stock) -> None:
    await stock.receive(store_changed(SECOND_CENTRE, kind="logistics-centre", name="Nord"))
    await stock.put({COFFEE: 20}, SECOND_CENTRE)
    number = await asked(api)
    named_before = await asked(api, centre_id=CENTRE)

    unnamed = await api.post(f"{REQUESTS}traiter/{number}")
    wrong = await api.post(f"{REQUESTS}traiter/{number}", params={"centre_id": OTHER_STORE})
    named = await api.post(f"{REQUESTS}traiter/{number}", params={"centre_id": SECOND_CENTRE})
    kept = await api.post(f"{REQUESTS}traiter/{named_before}")

    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "centre-a-preciser")
    assert [each["centre_id"] for each in unnamed.json()["errors"]] == [CENTRE, SECOND_CENTRE]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "centre-inconnu")
    assert named.json()["demande"]["centre_id"] == SECOND_CENTRE
    assert kept.json()["demande"]["centre_id"] == CENTRE
    assert await stock.levels(SECOND_CENTRE) == {COFFEE: 0}


async def test_a_difference_of_the_transfer_ends_the_request(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    number = await asked(api)
    await steps(api, number, "approbation", "expedition")
    transfer = (await api.get(f"{REQUESTS}{number}")).json()["transfert_id"]

    body = counted((COFFEE, 19), motif_ecart="Cassé")
    await api.post(f"{TRANSFERS}/{transfer}/reception", json=body)

    assert (await api.get(f"{REQUESTS}{number}")).json()["statut"] == "recue"
    assert await stock.levels() == {COFFEE: 19}
    assert await conserved(stock)


async def test_lists_show_filtered_pages_newest_first(api: httpx.AsyncClient) -> None:
    first, second = await asked(api), await asked(api, TEA, 1, OTHER_STORE)
    third = await asked(api)
    await api.post(f"{REQUESTS}traiter/{first}")

    async def numbers(**query: Any) -> list[int]:
        return [each["id"] for each in (await api.get(REQUESTS, params=query)).json()]

    assert await numbers() == [third, second, first]
    assert await numbers(magasin_id=STORE) == [third, first]
    assert await numbers(magasin_id=CENTRE, statut="en_attente") == [third, second]
    assert await numbers(produit_id=TEA) == [second]
    page = await api.get(REQUESTS, params={"limite": 2})
    rest = await api.get(page.links["next"]["url"])
    assert [each["id"] for each in rest.json()] == [first]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (a_request(quantity=0), "/quantite"),
        (a_request(quantity=1_000_001), "/quantite"),
        (a_request(store=0), "/magasin_id"),
        (a_request() | {"couleur": "bleu"}, "/couleur"),
        ({"quantite": 1}, "/produit_id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_request_that_makes_no_sense_is_refused_at_its_place(
    api: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post(REQUESTS, json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_everything_unknown_is_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post(REQUESTS, json=a_request(77, 1, 99))

    assert answer.status_code == 404
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/magasin_id", "/produit_id"]
