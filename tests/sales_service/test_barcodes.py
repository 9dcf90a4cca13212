"""A bar code finds one product: no other product on sale has it."""

import asyncio
import json
from runpy import run_path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from infra.tools.local.layout import ROOT
from tests.fixtures.postgres import database, engine_on, migrate
from tests.sales_service.conftest import Shop

EAN = "4006381333931"
SEARCH = "/api/produits/recherche"
[_MIGRATION] = (ROOT / "sales-service/migrations/versions").glob("*_barcodes.py")
_NAMES = run_path(str(_MIGRATION))
REVISION, BEFORE = _NAMES["revision"], _NAMES["down_revision"]


def rice(**more: Any) -> dict[str, Any]:
    return {"nom": "Riz", "categorie": "Vrac", "prix": 1, **more}


async def change(shop: Shop, product: int, **changes: Any) -> httpx.Response:
    return await shop.client.put(f"/api/produits/{product}", json=changes)


async def found(shop: Shop, words: str, **query: Any) -> list[int]:
    answer = await shop.client.get(SEARCH, params={"critere": words, **query})
    return [product["id"] for product in answer.json()]


def faults(answer: httpx.Response) -> list[tuple[str, int | None]]:
    assert (answer.status_code, answer.json()["code"]) == (409, "produit-existant"), answer.text
    return [(fault["pointer"], fault.get("produit_id")) for fault in answer.json()["errors"]]


async def test_a_bar_code_is_answered_and_announced(shop: Shop) -> None:
    made = await shop.client.post("/api/produits/", json=rice(code_barres=EAN))
    read = await shop.client.get(made.headers["location"])
    without = await shop.client.get(f"/api/produits/{shop.tea}")

    assert (made.status_code, made.json()["code_barres"]) == (201, EAN)
    assert read.json() == made.json()
    assert without.json()["code_barres"] is None
    async with shop.engine.connect() as connection:
        payloads = await connection.execute(
            text("SELECT payload FROM outbox WHERE type = 'catalogue.product-changed.v1'")
        )
        announced = {event["product_id"]: event for event in map(json.loads, payloads.scalars())}
    assert announced[made.json()["id"]]["barcode"] == EAN
    assert announced[shop.tea]["barcode"] is None


async def test_a_scan_finds_its_product_first(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres="12345678")
    other = await shop.client.post("/api/produits/", json=rice(nom="Ail 12345678"))

    whole = await found(shop, "12345678")
    first = await shop.client.get(SEARCH, params={"critere": "12345678", "limite": 1})
    rest = await shop.client.get(first.links["next"]["url"])

    assert whole == [shop.tea, other.json()["id"]]
    assert [product["id"] for product in first.json() + rest.json()] == whole
    assert await found(shop, "1234567") == [other.json()["id"]], "a part of a code is not a scan"


async def test_a_bar_code_comes_before_the_same_sku_and_a_name_with_it(shop: Shop) -> None:
    code = "4006381958600"
    named, by_sku, by_code = [
        (await shop.client.post("/api/produits/", json=rice(**more))).json()["id"]
        for more in (
            {"nom": f"Ail {code}"},
            {"nom": "Basilic", "sku": code},
            {"nom": "Zeste", "code_barres": code},
        )
    ]
    expected = [by_code, by_sku, named]
    pages: list[int] = []
    url: str | None = f"{SEARCH}?critere={code}&limite=1"
    while url:
        page = await shop.client.get(url)
        pages += [product["id"] for product in page.json()]
        url = page.links.get("next", {}).get("url")

    assert await found(shop, code) == pages == expected
    await change(shop, shop.tea, sku=str(shop.coffee))
    assert (await found(shop, str(shop.coffee)))[:2] == [shop.tea, shop.coffee]


async def test_a_scanner_finds_the_product_with_this_bar_code_and_no_other(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)
    await shop.client.post("/api/produits/", json=rice(nom=f"Riz {EAN}", sku=EAN))

    async def scan(code: str, **query: Any) -> list[int]:
        answer = await shop.client.get("/api/produits/", params={"code_barres": code, **query})
        assert answer.status_code == 200, answer.text
        return [product["id"] for product in answer.json()]

    assert await scan(EAN) == await scan(f" {EAN} ") == [shop.tea]
    assert await scan(EAN[:-1]) == await scan("THE-1") == await scan(EAN, actif="false") == []
    await shop.client.delete(f"/api/produits/{shop.tea}")
    assert (await scan(EAN), await scan(EAN, actif="false")) == ([], [shop.tea])
    refused = await shop.client.get("/api/produits/", params={"code_barres": "é"})
    assert refused.status_code == 422


async def test_of_two_products_on_sale_one_has_the_code(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)

    made = await shop.client.post("/api/produits/", json=rice(code_barres=EAN))
    changed = await change(shop, shop.coffee, code_barres=EAN)

    assert faults(made) == [("/code_barres", shop.tea)]
    assert faults(changed) == [("/code_barres", None)]
    assert EAN in changed.json()["errors"][0]["detail"]


async def test_a_batch_with_a_taken_and_a_repeated_code_is_refused_whole(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)
    batch = [
        rice(code_barres="A 1"),
        rice(code_barres=EAN),
        rice(code_barres="B-2"),
        rice(code_barres="B-2", sku="THE-1"),
    ]

    refused = await shop.client.post("/api/produits/lots", json={"produits": batch})

    assert faults(refused) == [
        ("/produits/1/code_barres", shop.tea),
        ("/produits/2/code_barres", None),
        ("/produits/3/sku", shop.tea),
        ("/produits/3/code_barres", None),
    ]
    assert await found(shop, "riz") == []


async def test_many_who_want_one_code_at_once_get_it_once(shop: Shop) -> None:
    answers = await asyncio.gather(
        *(shop.client.post("/api/produits/", json=rice(code_barres=EAN)) for _ in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {
        "produit-existant"
    }


async def test_a_retired_product_leaves_its_code_to_another(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)
    await shop.client.delete(f"/api/produits/{shop.tea}")

    taken = await change(shop, shop.coffee, code_barres=EAN)
    back = await change(shop, shop.tea, actif=True)
    with_another = await change(shop, shop.tea, actif=True, code_barres="THE 2")

    assert taken.status_code == 200
    assert await found(shop, EAN) == [shop.coffee]
    assert faults(back) == [("/actif", None)]
    assert (with_another.json()["actif"], with_another.json()["code_barres"]) == (True, "THE 2")


async def test_a_retired_product_is_found_by_its_code_among_the_retired(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)
    await shop.client.delete(f"/api/produits/{shop.tea}")

    assert await found(shop, EAN) == []
    assert await found(shop, EAN, actif="false") == [shop.tea]


async def test_a_code_stays_until_an_empty_one_takes_it_away(shop: Shop) -> None:
    await change(shop, shop.tea, code_barres=EAN)

    kept = await change(shop, shop.tea, prix=5)
    null = await change(shop, shop.tea, code_barres=None, prix=6)
    removed = await change(shop, shop.tea, code_barres="")

    codes = [answer.json()["code_barres"] for answer in (kept, null, removed)]
    assert codes == [EAN, EAN, None]
    assert (await change(shop, shop.coffee, code_barres=EAN)).status_code == 200


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (EAN, EAN),
        ("40063812", "40063812"),
        ("14006381333938", "14006381333938"),
        (f"  {EAN}\r\n", EAN),
        ("A-1 b/2", "A-1 b/2"),
        ("~" * 40, "~" * 40),
        ("7", "7"),
    ],
)
async def test_what_a_scanner_reads_is_a_code(shop: Shop, sent: str, code: str) -> None:
    answer = await change(shop, shop.tea, code_barres=sent)

    assert (answer.status_code, answer.json()["code_barres"]) == (200, code)
    assert await found(shop, code) == [shop.tea]


@pytest.mark.parametrize("sent", ["~" * 41, "é", "a\tb", "a\x00", "\u200b", 4006381333931, ["1"]])
async def test_what_no_scanner_reads_is_refused(shop: Shop, sent: Any) -> None:
    made = await shop.client.post("/api/produits/", json=rice(code_barres=sent))
    changed = await change(shop, shop.tea, code_barres=sent)

    for answer in made, changed:
        assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
        assert answer.json()["errors"][0]["pointer"].startswith("/code_barres")


async def test_an_interrupted_migration_can_be_run_again(postgres_admin_url: str) -> None:
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "sales", url, REVISION)
        async with engine.begin() as connection:
            await connection.execute(text("DROP INDEX products_retired"))
            back = text("UPDATE alembic_version SET version_num = :before")
            await connection.execute(back, {"before": BEFORE})

        await asyncio.to_thread(migrate, "sales", url, REVISION)

        async with engine.connect() as connection:
            built = await connection.execute(
                text("""
                    SELECT indisvalid FROM pg_index WHERE indexrelid IN
                        ('products_retired'::regclass, 'products_by_barcode'::regclass)
                """)
            )
            assert list(built.scalars()) == [True, True]
