"""Products are found without accents and case, and sorted as a French reader expects."""

import asyncio
import random
from runpy import run_path
from typing import Any
from unicodedata import normalize

import httpx
import pytest
from sqlalchemy import text

from infra.tools.local.layout import ROOT
from sales_service.domain.search_keys import LONGEST, fold
from tests.fixtures.postgres import database, engine_on, migrate
from tests.sales_service.conftest import Shop

SEARCH = "/api/produits/recherche"
[_MIGRATION] = (ROOT / "sales-service/migrations/versions").glob("*_search_keys_*.py")
_NAMES = run_path(str(_MIGRATION))
REVISION, BEFORE = _NAMES["revision"], _NAMES["down_revision"]
# Accents and case decide only between names that are alike otherwise.
SORTED_NAMES = ["Cœur de palmier", "COFFRE", "Coffre", "coffre", "Éclair", "eclair 2", "Zeste"]


async def add(shop: Shop, *names: str, **more: Any) -> list[int]:
    products = [{"nom": name, "categorie": "Vrac", "prix": 1} | more for name in names]
    answer = await shop.client.post("/api/produits/lots", json={"produits": products})
    assert answer.status_code == 201, answer.text
    return [product["id"] for product in answer.json()["produits"]]


async def found(shop: Shop, words: str, **query: int) -> list[str]:
    answer = await shop.client.get(SEARCH, params={"critere": words, **query})
    assert answer.status_code == 200, answer.text
    return [product["nom"] for product in answer.json()]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Café moulu", "cafe moulu"),
        ("CAFÉ", "cafe"),
        (normalize("NFD", "Noël à l'île"), "noel a l'ile"),
        ("Œufs, cœurs et Æpyornis", "oeufs, coeurs et aepyornis"),
        ("Pâté d\u2019Ardenne", "pate d'ardenne"),
        ("Lait ½\u00a0écrémé", "lait 1\u20442 ecreme"),
        ("  deux\t espaces ", "deux espaces"),
        ("ﬁlet", "filet"),
        ("Straße", "strasse"),
        ("crois\u00adsant", "croissant"),
        ("İzmir", "izmir"),
        ("Łódź", "lodz"),
        ("\u0301", ""),
        ("Œ" * 200, ("oe" * 200)[:LONGEST]),
    ],
)
def test_a_key_has_neither_accents_nor_case(text: str, key: str) -> None:
    assert fold(text) == key
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize("words", ["café", "cafe", "CAFÉ", "Cafe\u0301", "CAFE MOULU", "  café "])
async def test_accents_and_case_do_not_count(shop: Shop, words: str) -> None:
    assert await found(shop, words) == ["Café moulu"]


async def test_every_column_is_searched_without_accents(shop: Shop) -> None:
    await add(shop, "Bœuf", sku="Réf-Été", categorie="Crèmerie")

    for words in ("boeuf", "BŒUF", "ref-ete", "cremerie", "crèm"):
        assert await found(shop, words) == ["Bœuf"]


async def test_a_changed_name_is_found_by_its_new_key(shop: Shop) -> None:
    await shop.client.put(f"/api/produits/{shop.coffee}", json={"nom": "Décaféiné"})

    assert await found(shop, "moulu") == []
    assert await found(shop, "decafeine") == ["Décaféiné"]


@pytest.mark.parametrize("renamed", ["L’eau", "L'Eau", "Smørrebrød–Øl"])
async def test_a_new_name_with_the_old_key_is_found(shop: Shop, renamed: str) -> None:
    product = f"/api/produits/{shop.coffee}"
    await shop.client.put(product, json={"nom": fold(renamed)})

    await shop.client.put(product, json={"nom": renamed})

    assert await found(shop, renamed) == [renamed]
    assert await found(shop, fold(renamed)) == [renamed]


@pytest.mark.parametrize("words", ["%", "_", "\\", "%%", "caf_"])
async def test_a_wildcard_of_sql_is_a_plain_character(shop: Shop, words: str) -> None:
    assert await found(shop, words) == []


async def test_the_product_with_just_this_sku_or_id_comes_first(shop: Shop) -> None:
    [last] = await add(shop, "Zeste", sku="D0")
    await add(shop, f"Ail {last}")
    await add(shop, *(f"Ananas {n}" for n in range(3)), description="D0")
    for n in range(3):
        await add(shop, f"Banane {n}", sku=f"D0{n}")

    assert await found(shop, "d0", limite=1) == ["Zeste"]
    assert await found(shop, str(last)) == ["Zeste", f"Ail {last}"]


async def test_names_are_sorted_as_a_french_reader_expects(shop: Shop) -> None:
    await add(shop, *random.Random(3).sample(SORTED_NAMES, len(SORTED_NAMES)))

    async def names(sort: str) -> list[str]:
        page = await shop.client.get(
            "/api/produits/filtrer", params={"sort": sort, "categorie": "VRAC"}
        )
        return [product["nom"] for product in page.json()["produits"]]

    assert await names("nom") == SORTED_NAMES
    assert await names("nom,desc") == SORTED_NAMES[::-1]
    assert await found(shop, "vrac") == SORTED_NAMES


async def test_a_search_is_read_page_by_page(shop: Shop) -> None:
    # The same name twice, and names that differ in accents and case only.
    names = ["Pâte", "pate", "Pate", "pâté", "pate", *(f"Pâte {n}" for n in range(40))]
    await add(shop, *random.Random(5).sample(names, len(names)))
    await add(shop, "Zeste", sku="PATE")
    whole = await found(shop, "pate", limite=500)

    pages: list[list[str]] = []
    url: str | None = f"{SEARCH}?critere=p%C3%A2te&limite=7"
    while url:
        answer: httpx.Response = await shop.client.get(url)
        pages.append([product["nom"] for product in answer.json()])
        url = answer.links.get("next", {}).get("url")

    assert whole[0] == "Zeste"
    assert sorted(whole[1:]) == sorted(names)
    assert [name for page in pages for name in page] == whole
    assert {len(page) for page in pages[:-1]} == {7}


async def test_a_renamed_product_does_not_move_the_next_page(shop: Shop) -> None:
    ids = await add(shop, "Riz a", "Riz b", "Riz c")
    first = await shop.client.get(SEARCH, params={"critere": "riz", "limite": 1})
    await shop.client.put(f"/api/produits/{ids[0]}", json={"nom": "Riz z"})

    rest = await shop.client.get(first.links["next"]["url"])

    assert [product["nom"] for product in rest.json()] == ["Riz b"]


@pytest.mark.parametrize(
    "query",
    [
        "critere=%CC%81",
        "critere=a&curseur=x",
        "critere=a&curseur=%C3%A9",
        "critere=a&curseur=eyJpZCI6OTk5OTk5OTk5OTk5OX0",
        "critere=a&curseur=eyJuYW1lIjoiXHUwMDAwIn0",
        "critere=a&limite=501",
    ],
)
async def test_a_search_that_cannot_be_read_is_refused(shop: Shop, query: str) -> None:
    answer = await shop.client.get(f"{SEARCH}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")


async def test_earlier_products_get_their_keys(postgres_admin_url: str) -> None:
    names = [f"Crème {n}" for n in range(2100)]
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "sales", url, BEFORE)
        insert = """
            INSERT INTO products (sku, name, description, category, unit_price)
            SELECT 'Réf ' || name, name, '', 'Œufs', 1 FROM unnest(CAST(:names AS text[])) AS name
        """
        async with engine.begin() as connection:
            await connection.execute(text(insert), {"names": names})

        await asyncio.to_thread(migrate, "sales", url)

        async with engine.connect() as connection:
            keys = "SELECT name, sku, category, name_key, sku_key, category_key FROM products"
            rows = (await connection.execute(text(keys))).all()
    assert len(rows) == len(names)
    for name, sku, category, *keys_of in rows:
        assert keys_of == [fold(name), fold(sku), fold(category)]


async def test_an_interrupted_migration_can_be_run_again(postgres_admin_url: str) -> None:
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "sales", url, REVISION)
        async with engine.begin() as connection:
            await connection.execute(text("DROP INDEX sales_by_day"))
            back = text("UPDATE alembic_version SET version_num = :before")
            await connection.execute(back, {"before": BEFORE})

        await asyncio.to_thread(migrate, "sales", url, REVISION)

        async with engine.connect() as connection:
            built = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'sales_by_day'::regclass"
            assert (await connection.execute(text(built))).scalar_one()


async def test_a_process_of_the_version_before_writes_keys_too(shop: Shop) -> None:
    insert = """
        INSERT INTO products (sku, name, description, category, unit_price)
        VALUES ('Réf', 'Pâté d''oie', '', 'Épicerie', 1)
    """
    update = "UPDATE products SET name = 'Bœuf', version = version + 1 WHERE sku = 'Réf'"
    async with shop.engine.begin() as connection:
        await connection.execute(text(insert))
    [product] = (await shop.client.get(SEARCH, params={"critere": "pate d'oie"})).json()
    assert await found(shop, "ref") == ["Pâté d'oie"]
    await shop.client.put(f"/api/produits/{product['id']}", json={"nom": "Pâté de foie"})

    async with shop.engine.begin() as connection:
        await connection.execute(text(update))

    assert await found(shop, "oie") == []
    assert await found(shop, "boeuf") == ["Bœuf"]
