"""Stores and products: the seed's paths and fields."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop


async def test_stores_are_listed_with_the_seeds_fields(shop: Shop) -> None:
    stores = (await shop.client.get("/api/magasins/")).json()

    assert [store["nom"] for store in stores] == ["Plateau", "Verdun"]
    assert {"id", "nom", "adresse", "ville"} <= stores[0].keys()
    assert stores[1]["politique_stock"] == "strict", "the default of a new store"


async def test_a_change_of_a_store_keeps_its_other_fields(shop: Shop) -> None:
    answer = await shop.client.put(
        f"/api/magasins/{shop.strict}", json={"adresse": "1, rue Wellington"}
    )

    assert answer.json()["nom"] == "Verdun"
    assert (answer.json()["adresse"], answer.json()["version"]) == ("1, rue Wellington", 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/magasins/", {"nom": "Plateau"}, 409, "magasin-existant"),
        ("PUT", "/api/magasins/2", {"nom": "Plateau"}, 409, "magasin-existant"),
        ("PUT", "/api/magasins/99", {"nom": "Laval"}, 404, "magasin-introuvable"),
        ("PUT", "/api/magasins/0", {"nom": "Laval"}, 422, "requete-invalide"),
        ("PUT", "/api/magasins/2", {}, 422, "requete-invalide"),
        ("POST", "/api/magasins/", {"nom": "L", "fuseau": "Mars/Olympus"}, 422, "requete-invalide"),
        ("PUT", "/api/produits/99", {"nom": "Riz"}, 404, "produit-introuvable"),
        ("PUT", f"/api/produits/{2**40}", {"nom": "Riz"}, 422, "requete-invalide"),
        ("PUT", "/api/produits/1", {"sku": "THE-1"}, 409, "produit-existant"),
        ("GET", "/api/ventes/0199c2a4-7c1e-7000-8000-000000000001", None, 404, "vente-introuvable"),
        ("GET", "/api/ventes/12", None, 422, "requete-invalide"),
        ("GET", "/api/produits/filtrer?sort=poids", None, 422, "requete-invalide"),
        ("GET", "/api/produits/filtrer?couleur=rouge", None, 422, "requete-invalide"),
        ("GET", "/api/produits/filtrer?page=0", None, 422, "requete-invalide"),
        ("GET", "/api/produits/recherche", None, 422, "requete-invalide"),
        ("GET", "/api/produits/recherche?critere=%00", None, 422, "requete-invalide"),
        ("GET", "/api/produits/filtrer?categorie=a%00b", None, 422, "requete-invalide"),
        ("GET", "/api/magasins/?curseur=x", None, 422, "requete-invalide"),
        ("GET", "/api/inconnu", None, 404, "route-inconnue"),
        ("DELETE", "/api/produits/", None, 405, "methode-non-permise"),
    ],
)
async def test_what_cannot_be_done_is_a_problem_with_a_code(
    shop: Shop, method: str, path: str, body: dict[str, str] | None, status: int, code: str
) -> None:
    answer = await shop.client.request(method, path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/magasins/", "/api/produits/"])
async def test_the_last_page_of_a_list_leads_to_no_other(shop: Shop, path: str) -> None:
    first = await shop.client.get(path, params={"limite": 1})
    last = await shop.client.get(first.links["next"]["url"])

    assert [len(page.json()) for page in (first, last)] == [1, 1]
    assert "link" not in last.headers


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/magasins/", {"nom": "Laval"}),
        ("/api/magasins", {"nom": "Laval"}),
        ("/api/produits/", {"nom": "Riz", "categorie": "Vrac", "prix": 1}),
    ],
)
async def test_what_was_made_is_where_the_answer_says(
    shop: Shop, path: str, body: dict[str, Any]
) -> None:
    key = {"idempotency-key": "made"}
    made = await shop.client.post(path, json=body, headers=key)
    again = await shop.client.post(path, json=body, headers=key)
    found = await shop.client.get(made.headers["location"])

    assert found.json() == made.json()
    assert again.headers["location"] == made.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/magasins/99", "magasin-introuvable"),
        ("/api/produits/99", "produit-introuvable"),
    ],
)
async def test_what_does_not_exist_is_not_found(shop: Shop, path: str, code: str) -> None:
    answer = await shop.client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, code)


async def test_a_known_sku_is_refused_and_named(shop: Shop) -> None:
    product = {"nom": "Thé noir", "categorie": "Épicerie", "prix": 3, "sku": "THE-1"}

    answer = await shop.client.post("/api/produits/", json=product)

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["produit_id"] == shop.tea


async def test_a_made_up_sku_is_free_whatever_others_have_chosen(shop: Shop) -> None:
    def rice(**more: str) -> dict[str, Any]:
        return {"nom": "Riz", "categorie": "Vrac", "prix": 1, **more}

    await shop.client.post("/api/produits/", json=rice(sku="P-000004"))
    batch = [rice(), rice(sku="P-000006"), rice()]
    added = await shop.client.post("/api/produits/lots", json={"produits": batch})

    assert [product["id"] for product in added.json()["produits"]] == [4, 5, 6]
    assert len({product["sku"] for product in added.json()["produits"]} | {"P-000004"}) == 4


async def test_made_up_skus_do_not_run_out_of_digits(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(text("SELECT setval('product_ids', 12345670)"))
    body = {"nom": "Riz", "categorie": "Vrac", "prix": 1}

    skus = [(await shop.client.post("/api/produits/", json=body)).json()["sku"] for _ in range(2)]

    assert skus == ["P-12345671", "P-12345672"]


async def test_a_made_up_sku_that_another_request_is_taking_is_a_retry(shop: Shop) -> None:
    rice = {"nom": "Riz", "categorie": "Vrac", "prix": 1}

    async def is_waited_for() -> bool:
        async with shop.engine.connect() as watching:
            waiting = """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
            return bool((await watching.execute(text(waiting))).scalar_one())

    async with shop.engine.connect() as other:
        taken = """
            INSERT INTO products (sku, name, description, category, unit_price)
            VALUES ('P-000004', 'Riz', '', 'Vrac', 1)
        """
        await other.execute(text(taken))
        await other.execute(text("SELECT setval('product_ids', 3)"))
        adding = asyncio.create_task(shop.client.post("/api/produits/", json=rice))
        await eventually(is_waited_for, True)
        await other.commit()
    refused = await adding

    assert (refused.status_code, refused.json()["code"]) == (409, "ressource-occupee")
    assert refused.headers["retry-after"] == "1"
    assert (await shop.client.post("/api/produits/", json=rice)).status_code == 201


async def test_a_batch_of_products_is_added_whole_or_not_at_all(shop: Shop) -> None:
    def batch(*skus: str) -> dict[str, list[dict[str, object]]]:
        return {"produits": [{"nom": s, "categorie": "Vrac", "prix": 1, "sku": s} for s in skus]}

    refused = await shop.client.post("/api/produits/lots", json=batch("A", "THE-1", "B", "B"))
    added = await shop.client.post("/api/produits/lots", json=batch("A", "B"))

    assert refused.status_code == 409
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/produits/1/sku",
        "/produits/2/sku",
        "/produits/3/sku",
    ]
    assert [product["sku"] for product in added.json()["produits"]] == ["A", "B"]


async def test_products_are_found_filtered_and_sorted(shop: Shop) -> None:
    found = (await shop.client.get("/api/produits/recherche", params={"critere": "CAF"})).json()
    wild = (await shop.client.get("/api/produits/recherche", params={"critere": "%"})).json()
    page = (
        await shop.client.get(
            "/api/produits/filtrer",
            params={"page": 2, "size": 1, "sort": "prix,desc", "categorie": "Épicerie"},
        )
    ).json()

    assert [product["nom"] for product in found] == ["Café moulu"]
    assert wild == [], "a wildcard of SQL is a plain character here"
    assert (page["total"], page["page"], page["size"]) == (2, 2, 1)
    assert [product["nom"] for product in page["produits"]] == ["Thé vert"]


@pytest.mark.parametrize("path", ["/api/magasins", "/api/produits", "/api/ventes"])
async def test_a_missing_slash_is_not_a_redirect(shop: Shop, path: str) -> None:
    assert (await shop.client.get(path)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "method", "path", "status"),
    [
        ({"x-token": ""}, "GET", "/api/produits/", 401),
        ({"x-token": "nobody"}, "GET", "/api/produits/", 401),
        ({"x-token": "", "Authorization": "Basic dGlsbA=="}, "GET", "/api/produits/", 401),
        ({"x-token": "till"}, "GET", "/api/produits/", 200),
        ({"x-token": "till"}, "POST", "/api/produits/", 403),
        ({"x-token": "manager"}, "PUT", "/api/magasins/1", 403),
        ({"x-token": "nobody"}, "GET", "/health/live", 200),
        ({"x-token": "nobody"}, "GET", "/metrics", 200),
    ],
)
async def test_a_key_has_the_rights_of_its_role(
    shop: Shop, headers: dict[str, str], method: str, path: str, status: int
) -> None:
    body = {"nom": "Riz", "categorie": "Vrac", "prix": 1} if method == "POST" else {"nom": "X"}

    answer = await shop.client.request(
        method, path, headers=headers, json=None if method == "GET" else body
    )

    assert answer.status_code == status


async def test_a_bearer_token_is_a_key_too(shop: Shop) -> None:
    client = httpx.AsyncClient(
        transport=shop.client._transport,
        base_url="http://service",
        headers={"Authorization": "Bearer till"},
    )

    assert (await client.get("/api/produits/")).status_code == 200
