"""Thresholds over HTTP, and what they suggest to order."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.stock_service.builders import COFFEE, OTHER_STORE, STORE, TEA
from tests.stock_service.conftest import Stock
from tests.stock_service.moving import CENTRE, open_chain

THRESHOLDS = "/api/stock/seuils"
SUGGESTIONS = "/api/demandes/suggestions"


@pytest.fixture(autouse=True)
async def chain(stock: Stock) -> None:
    await open_chain(stock)
    await stock.put({COFFEE: 8, TEA: 30})


async def set_threshold(api: httpx.AsyncClient, store: int = STORE, **body: Any) -> None:
    answer = await api.put(THRESHOLDS, json={"magasin_id": store, **body})
    assert answer.status_code == 200, answer.text


async def suggested(api: httpx.AsyncClient) -> list[tuple[int, int, int]]:
    """Return store, product and quantity of each suggestion."""
    rows = (await api.get(SUGGESTIONS)).json()
    return [(row["magasin_id"], row["produit_id"], row["quantite"]) for row in rows]


def accepting(*keys: tuple[int, int]) -> dict[str, Any]:
    return {"lignes": [{"magasin_id": store, "produit_id": product} for store, product in keys]}


async def test_thresholds_are_kept_by_product_and_by_default(api: httpx.AsyncClient) -> None:
    await set_threshold(api, produit_id=COFFEE, seuil=5, point_commande=10, cible=40)
    await set_threshold(api, point_commande=3)
    await set_threshold(api, point_commande=4)

    found = (await api.get(THRESHOLDS)).json()

    assert [(row["produit_id"], row["seuil"], row["point_commande"]) for row in found] == [
        (None, None, 4),
        (COFFEE, 5, 10),
    ]
    page = await api.get(THRESHOLDS, params={"limite": 1})
    assert (await api.get(page.links["next"]["url"])).json() == found[1:]
    only = await api.get(THRESHOLDS, params={"produit_id": COFFEE, "magasin_id": STORE})
    assert only.json() == found[1:]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"magasin_id": STORE, "point_commande": 10, "cible": 9}, 422),
        ({"magasin_id": STORE, "seuil": -1}, 422),
        ({"seuil": 1}, 422),
        ({"magasin_id": STORE, "seuil": 5, "maximum": 4}, 422),
        ({"magasin_id": STORE, "cible": 5, "maximum": 4}, 422),
        ({"magasin_id": 99, "seuil": 1}, 404),
        ({"magasin_id": STORE, "produit_id": 77, "seuil": 1}, 404),
    ],
)
async def test_thresholds_that_make_no_sense_are_refused(
    api: httpx.AsyncClient, body: dict[str, Any], status: int
) -> None:
    assert (await api.put(THRESHOLDS, json=body)).status_code == status


async def test_what_is_at_its_reorder_point_is_ordered_up_to_its_target(
    api: httpx.AsyncClient,
) -> None:
    await set_threshold(api, produit_id=COFFEE, point_commande=8, cible=40)
    await set_threshold(api, produit_id=TEA, point_commande=29, cible=40)

    assert await suggested(api) == [(STORE, COFFEE, 32)]


async def test_a_default_counts_for_what_has_no_threshold_of_its_own(
    api: httpx.AsyncClient,
) -> None:
    await set_threshold(api, point_commande=30, cible=50)
    await set_threshold(api, produit_id=COFFEE, point_commande=5)
    # A product that the store never had is ordered by its own threshold only.
    await set_threshold(api, OTHER_STORE, produit_id=TEA, point_commande=0, cible=6)
    # A centre orders nothing of itself.
    await set_threshold(api, CENTRE, point_commande=1000, cible=1000)

    assert await suggested(api) == [(STORE, TEA, 20), (OTHER_STORE, TEA, 6)]


async def test_what_is_on_its_way_or_asked_for_is_not_ordered_again(
    api: httpx.AsyncClient,
) -> None:
    await set_threshold(api, produit_id=COFFEE, point_commande=10, cible=40)
    body = {"produit_id": COFFEE, "quantite": 2, "magasin_id": STORE}
    number = (await api.post("/api/demandes/", json=body)).json()["id"]

    assert await suggested(api) == [(STORE, COFFEE, 30)]
    await api.post("/api/demandes/", json=body)
    assert await suggested(api) == []
    await api.post(f"/api/demandes/{number}/approbation")
    await api.post(f"/api/demandes/{number}/expedition")
    assert await suggested(api) == []


async def test_accepted_suggestions_become_requests_once(api: httpx.AsyncClient) -> None:
    await set_threshold(api, point_commande=30, cible=50)
    body = accepting((STORE, COFFEE), (STORE, TEA), (OTHER_STORE, TEA), (STORE, TEA))

    answers = await asyncio.gather(*(api.post(SUGGESTIONS, json=body) for _ in range(5)))

    assert {each.status_code for each in answers} == {200}
    made = [each for answer in answers for each in answer.json()["demandes"]]
    assert [(each["produit_id"], each["quantite"]) for each in made] == [(COFFEE, 42), (TEA, 20)]
    assert {each["centre_id"] for each in made} == {CENTRE}
    left = answers[0].json()["sans_suggestion"]
    assert {"magasin_id": OTHER_STORE, "produit_id": TEA} in left
    assert len((await api.get("/api/demandes/")).json()) == 2
    assert await suggested(api) == []


async def test_suggestions_come_in_pages_of_a_store(api: httpx.AsyncClient) -> None:
    await set_threshold(api, point_commande=30, cible=50)

    page = await api.get(SUGGESTIONS, params={"limite": 1, "magasin_id": STORE})
    rest = await api.get(page.links["next"]["url"])

    assert [row["produit_id"] for row in (*page.json(), *rest.json())] == [COFFEE, TEA]
    assert (await api.get(SUGGESTIONS, params={"magasin_id": OTHER_STORE})).json() == []
