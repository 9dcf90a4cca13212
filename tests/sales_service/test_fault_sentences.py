"""What is wrong with a field is told in French, and without regular expressions."""

from typing import Any

import pytest

from tests.sales_service.conftest import Shop

LINE = {"ligne": 1, "quantite": 1}
BASKET = {"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 1}]}
SALE = "0193a5d0-2c00-7000-8000-000000000001"
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "POST",
        f"/api/ventes/{SALE}/retours",
        {"lignes": [LINE | {"remise_en_stock": "non"}]},
        "true ou false est attendu.",
    ),
    ("PUT", "/api/produits/1", {"actif": "oui"}, "true ou false est attendu."),
    ("GET", "/api/produits/?actif=peut-etre", {}, "true ou false est attendu."),
    ("POST", "/api/ventes/", BASKET | {"date": []}, "Un instant ISO 8601 est attendu."),
    ("POST", "/api/ventes/", BASKET | {"vente_id": 5}, "Un UUID est attendu."),
    (
        "POST",
        "/api/produits/1/prix",
        {"prix": 1, "du": "9999-12-31"},
        "La valeur doit être au plus 2999-12-31.",
    ),
    ("GET", "/api/ventes/?numero=x", {}, "Un numéro comme 3-000042 est attendu."),
    ("GET", "/api/retours/?numero=x", {}, "Un numéro comme 3-R000007 est attendu."),
    (
        "GET",
        "/api/produits/?code_barres=%C3%A9",
        {},
        "1 à 40 caractères sont attendus : lettres sans accents, chiffres, signes et espaces.",
    ),
    (
        "GET",
        "/api/taxes/?lieu=%C3%A9",
        {},
        "1 à 10 lettres sans accents, chiffres ou traits d'union sont attendus.",
    ),
    ("POST", "/api/ventes/", BASKET | {"caisse": "a\tb"}, "Un texte d'une ligne est attendu."),
]


@pytest.mark.parametrize(("method", "url", "body", "sentence"), REFUSED)
async def test_a_fault_is_told_in_french(
    shop: Shop, method: str, url: str, body: dict[str, Any], sentence: str
) -> None:
    answer = await shop.client.request(method, url, json=body or None)

    assert answer.status_code == 422
    assert [fault["detail"] for fault in answer.json()["errors"]] == [sentence]


@pytest.mark.parametrize("label", ["Caisse n°1", "Caisse #2", "L'entrée", "Caisse n°\u00a03"])
async def test_a_register_has_the_name_that_the_shop_gives_it(shop: Shop, label: str) -> None:
    body = shop.basket((shop.coffee, 1)) | {"caisse": f" {label} "}

    sold = await shop.client.post("/api/ventes/", json=body)
    listed = await shop.client.get("/api/ventes/", params={"caisse": label})

    assert (sold.status_code, sold.json()["caisse"]) == (201, label)
    assert [sale["id"] for sale in listed.json()] == [sold.json()["vente_id"]]
