"""Which taxes a sale has: by the place of its store, the classes of its goods, and exemption."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import as_read

QUEBEC = [("TPS", 0.05), ("TVQ", 0.09975)]


async def open_store(shop: Shop, **members: Any) -> int:
    body = {"nom": f"Magasin {uuid4()}", "politique_stock": "permissive"} | members
    answer = await shop.client.post("/api/magasins/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def offer(shop: Shop, tax_class: str, price: float) -> int:
    body = {"nom": "Article", "categorie": "Essais", "prix": price, "classe_taxe": tax_class}
    answer = await shop.client.post("/api/produits/", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def rates_of(sale: dict[str, Any]) -> list[tuple[str, float]]:
    return [(tax["code"], tax["taux"]) for tax in sale["taxes"]]


async def test_a_new_store_charges_the_taxes_of_quebec(shop: Shop) -> None:
    store = await open_store(shop)

    sale = (await shop.sell((shop.coffee, 8), store=store)).json()

    assert [(tax["code"], tax["montant"]) for tax in sale["taxes"]] == [("TPS", 5), ("TVQ", 9.98)]
    assert (sale["total"], sale["total_ttc"]) == (100, 114.98)
    [line] = sale["lignes"]
    assert (line["classe_taxe"], line["taxes"]) == ("taxable", 14.98)
    assert line["taxes_detail"] == [
        {"code": "TPS", "montant": 5},
        {"code": "TVQ", "montant": 9.98},
    ]


@pytest.mark.parametrize(
    ("members", "place", "own", "charged"),
    [
        ({}, "QC", None, QUEBEC),
        ({"lieu_fiscal": "qc"}, "QC", None, QUEBEC),
        ({"taxes": []}, None, [], []),
        ({"taxes": [{"code": "TVH", "taux": 0.13}]}, None, [("TVH", 0.13)], [("TVH", 0.13)]),
    ],
)
async def test_a_list_of_the_store_wins_over_its_place(
    shop: Shop,
    members: dict[str, Any],
    place: str | None,
    own: list[tuple[str, float]] | None,
    charged: list[tuple[str, float]],
) -> None:
    store = await open_store(shop, **members)

    shown = (await shop.client.get(f"/api/magasins/{store}")).json()
    sale = (await shop.sell((shop.coffee, 1), store=store)).json()

    assert shown["lieu_fiscal"] == place
    taxes = shown["taxes"]
    assert (None if taxes is None else [(tax["code"], tax["taux"]) for tax in taxes]) == own
    assert rates_of(sale) == charged


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_place_and_a_list_at_once_are_refused(shop: Shop, method: str) -> None:
    path = "/api/magasins/" if method == "POST" else f"/api/magasins/{shop.permissive}"
    body = {"nom": "Laval", "lieu_fiscal": "QC", "taxes": []}

    answer = await shop.client.request(method, path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    [fault] = answer.json()["errors"]
    assert fault["detail"] == "lieu_fiscal ou taxes est attendu : l'un des deux."


@pytest.mark.parametrize("place", ["ON", "QC ON", ""])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_place_without_rates_is_refused(shop: Shop, method: str, place: str) -> None:
    path = "/api/magasins/" if method == "POST" else f"/api/magasins/{shop.permissive}"

    answer = await shop.client.request(method, path, json={"nom": "Laval", "lieu_fiscal": place})

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/lieu_fiscal"]


async def test_a_store_that_is_sent_back_as_it_was_read_stays_as_it_was(shop: Shop) -> None:
    for members in {}, {"taxes": [{"code": "TVH", "taux": 0.13}]}:
        store = await open_store(shop, **members)
        read = (await shop.client.get(f"/api/magasins/{store}")).json()
        body = {name: read[name] for name in ("nom", "lieu_fiscal", "taxes")}

        sent = (await shop.client.put(f"/api/magasins/{store}", json=body)).json()

        assert {**sent, "version": 1} == read


async def test_only_taxable_goods_are_taxed(shop: Shop) -> None:
    store = await open_store(shop)
    bread = await offer(shop, "Détaxé", 3)
    lesson = await offer(shop, "EXONÉRÉ", 50)

    sale = (
        await shop.sell((shop.coffee, 4), (bread, 1), (shop.coffee, 4), (lesson, 1), store=store)
    ).json()

    assert [(tax["code"], tax["montant"]) for tax in sale["taxes"]] == [("TPS", 5), ("TVQ", 9.98)]
    lines = sale["lignes"]
    assert [line["classe_taxe"] for line in lines] == ["taxable", "detaxe", "taxable", "exonere"]
    assert [line["taxes"] for line in lines] == [7.49, 0, 7.49, 0]
    assert [len(line["taxes_detail"]) for line in lines] == [2, 0, 2, 0]
    read = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()
    assert read["lignes"] == as_read(sale)["lignes"]


async def test_a_list_of_the_store_taxes_taxable_goods_only(shop: Shop) -> None:
    bread = await offer(shop, "detaxe", 3)

    sale = (await shop.sell((bread, 1), (shop.coffee, 8))).json()

    assert [line["taxes"] for line in sale["lignes"]] == [0, 14.98]


async def test_an_unknown_class_of_goods_is_refused(shop: Shop) -> None:
    bread = {"nom": "Pain", "categorie": "Essais", "prix": 3}
    strange = bread | {"classe_taxe": "alcool"}
    batch = {"produits": [bread, strange]}

    answers = [
        await shop.client.post("/api/produits/", json=strange),
        await shop.client.post("/api/produits/lots", json=batch),
        await shop.client.put(f"/api/produits/{shop.tea}", json={"classe_taxe": "alcool"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert [answer.json()["errors"][0]["code"] for answer in answers] == [
        "classe-taxe-inconnue"
    ] * 3
    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == [
        "/classe_taxe",
        "/produits/1/classe_taxe",
        "/classe_taxe",
    ]


async def test_a_change_counts_for_later_sales_only(shop: Shop) -> None:
    store = await open_store(shop)
    first = (await shop.sell((shop.coffee, 8), store=store)).json()

    changed = await shop.client.put(f"/api/produits/{shop.coffee}", json={"classe_taxe": "detaxe"})
    second = (await shop.sell((shop.coffee, 8), (shop.tea, 1), store=store)).json()
    await shop.client.put(f"/api/magasins/{store}", json={"taxes": []})
    third = (await shop.sell((shop.tea, 1), store=store)).json()
    await shop.client.put(f"/api/magasins/{store}", json={"lieu_fiscal": "QC"})
    fourth = (await shop.sell((shop.tea, 1), store=store)).json()

    assert changed.json()["classe_taxe"] == "detaxe"
    assert [len(each["taxes_detail"]) for each in second["lignes"]] == [0, 2]
    assert [rates_of(sale) for sale in (second, third, fourth)] == [QUEBEC, [], QUEBEC]
    read = (await shop.client.get(f"/api/ventes/{first['id']}")).json()
    assert (read["total_ttc"], read["lignes"]) == (114.98, as_read(first)["lignes"])


async def test_an_exempt_sale_has_no_taxes_and_its_reason(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 8)) | {"exemption_taxes": {"motif": " Certificat 123 "}}

    sale = (await shop.client.post("/api/ventes/", json=body)).json()
    read = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()

    for receipt in sale, read:
        assert (receipt["taxes"], receipt["total_ttc"]) == ([], 100)
        assert receipt["exemption_taxes"] == {"motif": "Certificat 123"}
        assert receipt["lignes"][0]["taxes_detail"] == []


@pytest.mark.parametrize("exemption", [{}, {"motif": ""}, {"motif": "x" * 201}, "Certificat"])
async def test_an_exemption_has_a_reason(shop: Shop, exemption: object) -> None:
    body = shop.basket((shop.coffee, 1)) | {"exemption_taxes": exemption}

    assert (await shop.client.post("/api/ventes/", json=body)).status_code == 422


async def test_an_exemption_belongs_to_the_content_of_a_sale(shop: Shop) -> None:
    body = shop.basket((shop.coffee, 1)) | {"vente_id": str(uuid7())}
    exempt = body | {"exemption_taxes": {"motif": "Certificat 123"}}

    answers = [
        await shop.client.post("/api/ventes/", json=each)
        for each in (exempt, exempt, body, body | {"exemption_taxes": {"motif": "autre"}})
    ]

    # What the till leaves out agrees.
    assert [answer.status_code for answer in answers] == [201, 201, 201, 409]


async def test_a_receipt_of_the_version_before_has_shares_that_sum_up(shop: Shop) -> None:
    sale = (await shop.sell((shop.coffee, 8), (shop.tea, 1))).json()
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sale_lines SET taxes = NULL"))

    read = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()

    shares = [line["taxes_detail"] for line in read["lignes"]]
    assert [round(sum(each["montant"] for each in line), 2) for line in shares] == [
        line["taxes"] for line in sale["lignes"]
    ]
    for tax, of_lines in zip(sale["taxes"], zip(*shares, strict=True), strict=True):
        assert {each["code"] for each in of_lines} == {tax["code"]}
        assert round(sum(each["montant"] for each in of_lines), 2) == tax["montant"]
