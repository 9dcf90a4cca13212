"""`POST /api/ventes` in a permissive store, and the refusals that hold in every store."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop


async def count(shop: Shop, table: str) -> int:
    async with shop.engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


def as_read(sold: dict[str, Any]) -> dict[str, Any]:
    """Return what `GET` says of a sale that was answered so, and of which nothing came back.

    The message and the second name of the id are the answer's own.
    """
    receipt = {name: sold[name] for name in sold if name not in ("message", "vente_id")}
    return receipt | {"lignes": [line | {"quantite_retournee": 0} for line in sold["lignes"]]}


async def test_a_sale_is_answered_with_number_lines_taxes_and_total(shop: Shop) -> None:
    answer = await shop.sell((shop.coffee, 2), (shop.tea, 3))

    assert answer.status_code == 201
    sale = answer.json()
    assert sale["message"] == "Vente enregistrée"
    assert sale["numero"] == f"{shop.permissive}-000001"
    assert sale["total"] == 38.00
    assert [line["sous_total"] for line in sale["lignes"]] == [25.00, 13.00]
    assert [(tax["code"], tax["montant"]) for tax in sale["taxes"]] == [
        ("TPS", 1.90),
        ("TVQ", 3.79),
    ]
    assert sale["total_ttc"] == 43.69
    assert answer.headers["Location"] == f"/api/ventes/{sale['vente_id']}"


async def test_the_recorded_sale_reads_back_the_same(shop: Shop) -> None:
    sold = (await shop.sell((shop.coffee, 2))).json()

    read = (await shop.client.get(f"/api/ventes/{sold['vente_id']}")).json()

    assert read == as_read(sold)
    assert read["statut"] == "confirmee"


async def test_a_later_price_does_not_reach_past_sales(shop: Shop) -> None:
    sold = (await shop.sell((shop.coffee, 1))).json()

    changed = await shop.client.put(
        f"/api/produits/{shop.coffee}", json={"prix": 20, "nom": "Café en grains"}
    )

    assert changed.json()["version"] == 2
    line = (await shop.client.get(f"/api/ventes/{sold['vente_id']}")).json()["lignes"][0]
    assert (line["nom"], line["prix_unitaire"]) == ("Café moulu", 12.5)
    assert (await shop.sell((shop.coffee, 1))).json()["total"] == 20.0


async def test_the_till_may_give_price_time_register_and_id(shop: Shop) -> None:
    sale_id = "0199c2a4-7c1e-7000-8000-000000000042"
    body = shop.basket((shop.tea, 3)) | {
        "date": "2011-08-31T23:30:00",
        "caisse": "caisse 2",
        "vente_id": sale_id,
    }
    body["panier"][0]["prix_unitaire"] = "0.335"

    answer = await shop.client.post("/api/ventes/", json=body)

    sale = answer.json()
    assert (sale["vente_id"], sale["total"], sale["caisse"]) == (sale_id, 1.01, "caisse 2")
    assert (sale["date"], sale["date_affaires"]) == ("2011-08-31T23:30:00-04:00", "2011-08-31")


async def test_1200_lines_are_one_sale(shop: Shop) -> None:
    lines = [(shop.coffee, 1), (shop.tea, 2)] * 600

    sale = (await shop.sell(*lines)).json()

    assert len(sale["lignes"]) == 1200
    assert sale["total"] == 600 * 12.5 + 600 * 8.67


async def test_a_sale_and_its_event_commit_together(shop: Shop) -> None:
    before = await count(shop, "outbox")

    await shop.sell((shop.coffee, 1))
    await shop.sell((shop.coffee, 1), (999, 1))

    assert await count(shop, "sales") == 1
    assert await count(shop, "outbox") == before + 1


async def test_every_unknown_reference_is_named_at_once(shop: Shop) -> None:
    answer = await shop.sell((998, 1), (shop.coffee, 1), (999, 1), store=77)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/magasin_id",
        "/panier/0/produit_id",
        "/panier/2/produit_id",
    ]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"panier": []}, "/panier"),
        ({"panier": [{"produit_id": 1, "quantite": 0}]}, "/panier/0/quantite"),
        ({"panier": [{"produit_id": 1, "quantite": -3}]}, "/panier/0/quantite"),
        ({"panier": [{"produit_id": 1, "quantite": 10**7}]}, "/panier/0/quantite"),
        ({"panier": [{"produit_id": 1, "quantite": 1.5}]}, "/panier/0/quantite"),
        ({"panier": [{"produit_id": "un", "quantite": 1}]}, "/panier/0/produit_id"),
        ({"panier": [{"produit_id": 2**40, "quantite": 1}]}, "/panier/0/produit_id"),
        ({"panier": [{"produit_id": 1, "quantite": 1}] * 1201}, "/panier"),
        (
            {"panier": [{"produit_id": 1, "quantite": 1, "prix_unitaire": "1.00001"}]},
            "/panier/0/prix_unitaire",
        ),
        (
            {"panier": [{"produit_id": 1, "quantite": 1, "prix_unitaire": "NaN"}]},
            "/panier/0/prix_unitaire",
        ),
        ({"magasin_id": None}, "/magasin_id"),
        ({"date": "hier"}, "/date"),
        ({"date": "2126-01-01"}, "/date"),
        ({"date": "1926-01-01"}, "/date"),
        ({"vente_id": "2b1e5c80-6ad8-4b32-9a46-4a0f2c1c3c11"}, "/vente_id"),
        ({"vendeur": "x"}, "/vendeur"),
        ({"caisse": "\x00"}, "/caisse"),
    ],
)
async def test_bad_input_is_named_by_its_pointer(
    shop: Shop, change: dict[str, Any], pointer: str
) -> None:
    answer = await shop.client.post("/api/ventes/", json=shop.basket((shop.coffee, 1)) | change)

    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (422, 422)
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert problem["trace_id"]


async def test_all_faults_of_a_body_are_named_at_once(shop: Shop) -> None:
    lines = [{"produit_id": 0, "quantite": 0}, {"quantite": "x"}]

    answer = await shop.client.post("/api/ventes/", json={"magasin_id": "a", "panier": lines})

    assert len(answer.json()["errors"]) == 5


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"magasin_id"', 400, "json-invalide"),
        (b"\xff\xfe", 400, "json-invalide"),
        (b"[]", 422, "requete-invalide"),
        (b"x" * (1024 * 1024 + 1), 413, "corps-trop-grand"),
    ],
)
async def test_a_body_that_is_no_sale_is_refused(
    shop: Shop, body: bytes, status: int, code: str
) -> None:
    answer = await shop.client.post(
        "/api/ventes/", content=body, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_date_without_a_time_is_the_business_day_itself(shop: Shop) -> None:
    await shop.client.put(f"/api/magasins/{shop.permissive}", json={"heure_coupure": 4})
    body = shop.basket((shop.coffee, 1)) | {"vente_id": str(uuid7())}

    sold = await shop.client.post("/api/ventes/", json=body | {"date": "2026-01-05"})
    again = await shop.client.post("/api/ventes/", json=body | {"date": "2026-01-05"})
    midnight = await shop.client.post("/api/ventes/", json=body | {"date": "2026-01-05T00:00"})

    assert (sold.status_code, sold.json()["date_affaires"]) == (201, "2026-01-05")
    assert sold.json()["date"].startswith("2026-01-05T04:00:00")
    assert (again.status_code, midnight.status_code) == (201, 409)


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00Z", "1999-12-31T12:00:00", "9999-12-31T23:59:59", "2099-01-01"]
)
async def test_an_absurd_date_is_refused(shop: Shop, date: str) -> None:
    body = shop.basket((shop.coffee, 1)) | {"date": date}

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "vente-impossible")


@pytest.mark.parametrize("quantity", [True, "1", 1.0, None])
async def test_a_quantity_that_is_no_whole_number_is_refused(shop: Shop, quantity: object) -> None:
    body = shop.basket((shop.coffee, 1))
    body["panier"][0]["quantite"] = quantity

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert answer.json()["errors"][0]["pointer"] == "/panier/0/quantite"


async def test_an_absurd_total_is_refused(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1_000_000))
    body["panier"][0]["prix_unitaire"] = 999_999

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "vente-impossible")


async def test_more_units_than_the_stock_can_always_take_are_refused(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 600_000), (shop.tea, 400_001))
    for line in body["panier"]:
        line["prix_unitaire"] = 0

    answer = await shop.client.post("/api/ventes/", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "vente-impossible")
    assert answer.json()["errors"][0]["code"] == "unites-absurdes"
    body["panier"][1]["quantite"] = 400_000
    assert (await shop.client.post("/api/ventes/", json=body)).status_code == 201


async def test_a_logistics_centre_sells_nothing(shop: Shop) -> None:
    centre = {"nom": "Centre", "type": "centre_logistique"}
    store = (await shop.client.post("/api/magasins/", json=centre)).json()["id"]

    answer = await shop.sell((shop.coffee, 1), store=store)

    assert (answer.status_code, answer.json()["code"]) == (409, "magasin-sans-vente")


async def test_concurrent_sales_get_numbers_of_their_own(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.sell((shop.coffee, 1)) for _ in range(40)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["numero"] for answer in answers}) == 40


async def test_sales_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    sold = [(await shop.sell((shop.coffee, 1))).json()["vente_id"] for _ in range(5)]

    pages, url = [], f"/api/ventes/?limite=2&magasin_id={shop.permissive}"
    while url:
        answer = await shop.client.get(url)
        pages.append([sale["id"] for sale in answer.json()])
        url = answer.links.get("next", {}).get("url", "")

    assert [sale for page in pages for sale in page] == sold[::-1]
    assert max(map(len, pages)) == 2


async def test_a_strict_sale_stays_open_until_the_stock_decides(shop: Shop) -> None:
    answer = await shop.sell(
        (shop.coffee, 1), store=shop.strict, headers={"Prefer": "respond-async"}
    )

    assert answer.status_code == 202
    assert answer.json()["statut"] == "en_attente"
    assert answer.headers["Retry-After"] == "1"
    read = await shop.client.get(answer.headers["Location"])
    assert read.json()["statut"] == "en_attente"
