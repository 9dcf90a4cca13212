"""`GET /api/ventes/` by number, dates, till, status, product and store, page by page."""

from itertools import product
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service_kit.http.api_keys import ensure_key
from tests.sales_service.conftest import Shop

SALES = 240
LIST = "/api/ventes/"
# Two stores, three tills and none, five days, all statuses, one product or two; the days are not in
# the order of the ids.
_SALES = text("""
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, register_id, taxes, total_cents,
        tax_cents, client_id, decided_at, void_origin, voided_at, void_reason)
    SELECT CAST('0199c2a4-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid), store,
        store || '-' || lpad(n::text, 6, '0'),
        (ARRAY['confirmed', 'confirmed', 'pending', 'rejected', 'cancelled', 'voided'])[1 + n % 6],
        'permissive', now(), -300, now(), DATE '2026-03-01' + n * 7 % 5, 12, 'CAD',
        (ARRAY['1', '2', 'Caisse é', NULL])[1 + n / 3 % 4], '[]', 300, 45, 'test/till', now(),
        CASE WHEN n % 6 = 5 THEN 'till' END, CASE WHEN n % 6 = 5 THEN now() END,
        CASE WHEN n % 6 = 5 THEN 'Erreur' END
    FROM (SELECT n, 1 + n / 2 % 2 AS store FROM generate_series(1, :sales) AS n) AS numbered
""")
_LINES = text("""
    INSERT INTO sale_lines
    SELECT id, line_no, CASE WHEN line_no = 3 THEN 2 ELSE 1 END, 'Produit', 'Rayon', 1, 1, NULL,
        100, 15
    FROM sales,
        generate_series(1, CASE WHEN right(number, 1) IN ('3', '7') THEN 3 ELSE 2 END) AS line_no
""")

FILTERS: dict[str, tuple[Any, str]] = {
    "magasin_id": (2, "store_id = 2"),
    "date_debut": ("2026-03-02", "business_date >= '2026-03-02'"),
    "date_fin": ("2026-03-03", "business_date <= '2026-03-03'"),
    "caisse": ("Caisse é", "register_id = 'Caisse é'"),
    "produit_id": (2, "EXISTS (SELECT FROM sale_lines WHERE sale_id = id AND product_id = 2)"),
}
STATUSES = {
    None: "true",
    "confirmee": "status = 'confirmed'",
    "en_attente": "status = 'pending'",
    "annulee": "status IN ('cancelled', 'voided')",
}


@pytest.fixture
async def sold(shop: Shop) -> Shop:
    async with shop.engine.begin() as connection:
        await connection.execute(_SALES, {"sales": SALES})
        await connection.execute(_LINES)
    return shop


async def ids_by_pages(shop: Shop, query: dict[str, Any], limit: int) -> list[str]:
    """Read all pages of a list; each but the last is full."""
    ids: list[str] = []
    answer: httpx.Response = await shop.client.get(LIST, params=query | {"limite": limit})
    while True:
        assert answer.status_code == 200, answer.text
        ids += [sale["id"] for sale in answer.json()]
        if "next" not in answer.links:
            return ids
        assert len(answer.json()) == limit
        answer = await shop.client.get(answer.links["next"]["url"])


@pytest.mark.parametrize("status", STATUSES)
async def test_each_combination_of_filters_has_its_sales_once(
    sold: Shop, status: str | None
) -> None:
    for chosen in product((False, True), repeat=len(FILTERS)):
        names = [name for name, is_chosen in zip(FILTERS, chosen, strict=True) if is_chosen]
        query = {name: FILTERS[name][0] for name in names}
        if status:
            query["statut"] = status
        where = " AND ".join([STATUSES[status], *(FILTERS[name][1] for name in names)])
        by_day = {"date_debut", "date_fin"} & set(names)
        order = "business_date DESC, id DESC" if by_day else "id DESC"
        async with sold.engine.connect() as connection:
            rows = await connection.execute(
                text(f"SELECT CAST(id AS text) FROM sales WHERE {where} ORDER BY {order}")
            )
            expected = list(rows.scalars())

        assert await ids_by_pages(sold, query, 500) == expected, query
        assert await ids_by_pages(sold, query, max(1, len(expected) // 4)) == expected, query


async def test_a_sale_is_found_by_its_number(sold: Shop) -> None:
    async def numbers(**query: Any) -> list[str]:
        answer = await sold.client.get(LIST, params=query)
        return [sale["numero"] for sale in answer.json()]

    assert await numbers(numero="1-000001") == ["1-000001"]
    assert await numbers(numero="1-000001", magasin_id=1, statut="confirmee") == ["1-000001"]
    assert await numbers(numero="1-000001", magasin_id=2) == []
    assert await numbers(numero="1-000001", statut="rejetee") == []
    assert await numbers(numero="1-999999") == await numbers(numero="77-000001") == []


async def test_filters_stay_within_the_stores_of_the_key(sold: Shop) -> None:
    async with sold.engine.begin() as connection:
        await ensure_key(connection, "own", "till", "own", sites=[1])
    headers = {"x-token": "own"}
    queries: list[dict[str, Any]] = [
        {"magasin_id": 2, "statut": "annulee"},
        {"magasin_id": 2, "date_debut": "2026-03-01"},
    ]
    for query in queries:
        assert (await sold.client.get(LIST, params=query, headers=headers)).json() == []
    for query in {"statut": "annulee"}, {"date_fin": "2026-03-04"}, {"caisse": "1"}, {}:
        answer = await sold.client.get(LIST, params=query, headers=headers)
        assert {sale["magasin_id"] for sale in answer.json()} == {1}


@pytest.mark.parametrize(
    ("role", "found"), [("till", True), ("manager", True), ("read-only", False)]
)
async def test_a_till_finds_the_receipt_of_another_store_by_its_exact_number(
    sold: Shop, role: str, found: bool
) -> None:
    async with sold.engine.begin() as connection:
        await ensure_key(connection, "own", role, "own", sites=[1])

    async def numbers(**query: Any) -> list[str]:
        answer = await sold.client.get(LIST, params=query, headers={"x-token": "own"})
        return [sale["numero"] for sale in answer.json()]

    assert await numbers(numero="2-000002") == (["2-000002"] if found else [])
    assert await numbers(numero="2-000002", magasin_id=1) == []
    assert await numbers(magasin_id=2) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("numero=17", "numero"),
        ("numero=1-1", "numero"),
        ("numero=9999999999-000001", "numero"),
        ("numero=1-000001%00", "numero"),
        ("date_debut=2026-02-30", "date_debut"),
        ("date_fin=hier", "date_fin"),
        ("date_debut=2026-03-02&date_fin=2026-03-01", "date_fin"),
        ("caisse=%00", "caisse"),
        ("caisse=", "caisse"),
        ("statut=confirmed", "statut"),
        ("produit_id=0", "produit_id"),
        (f"produit_id={2**31}", "produit_id"),
        ("curseur=1", "curseur"),
        ("status=confirmee", "status"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    shop: Shop, query: str, parameter: str
) -> None:
    answer = await shop.client.get(f"{LIST}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "requete-invalide")
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]


async def test_a_page_of_large_sales_is_shorter_within_a_period_too(shop: Shop) -> None:
    body = shop.basket(*[(shop.coffee, 1)] * 1200)
    sold = [(await shop.client.post(LIST, json=body)).json()["id"] for _ in range(6)][::-1]

    first = await shop.client.get(LIST, params={"date_debut": "2000-01-01"})
    rest = await shop.client.get(first.links["next"]["url"])

    assert [sale["id"] for sale in first.json()] == sold[:4]
    assert [sale["id"] for sale in rest.json()] == sold[4:]
    assert "next" not in rest.links
