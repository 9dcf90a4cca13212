"""`GET /api/retours/` by sale, number, store and dates, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sales_service.conftest import Shop
from tests.sales_service.test_returns import bring_back, rows, sold, units
from tests.sales_service.test_scopes import give

LIST = "/api/retours/"


@pytest.fixture
async def returns(shop: Shop) -> list[dict[str, Any]]:
    """Make returns of two sales to two stores, on three days that are not in the order of ids."""
    sales = [await sold(shop, (shop.coffee, 9)), await sold(shop, (shop.tea, 9))]
    await rows(
        shop,
        "UPDATE sales SET sold_at = now() - interval '2 days', business_date = business_date - 2"
        " RETURNING id",
    )
    made: list[dict[str, Any]] = []
    for number in range(8):
        day = datetime.now(UTC) - timedelta(hours=23 * (number % 2))
        store = shop.strict if number % 4 == 3 else shop.permissive
        body = units((1, 1), magasin_id=store, date=day.isoformat())
        made.append((await bring_back(shop, sales[number % 3 % 2], body)).json())
    return made


async def listed(shop: Shop, headers: dict[str, str] | None = None, **query: Any) -> list[str]:
    """Return the numbers in all pages of a list."""
    numbers: list[str] = []
    answer = await shop.client.get(LIST, params=query, headers=headers)
    while True:
        assert answer.status_code == 200, answer.text
        numbers += [each["numero"] for each in answer.json()]
        if "next" not in answer.links:
            return numbers
        answer = await shop.client.get(answer.links["next"]["url"], headers=headers)


def newest(returns: list[dict[str, Any]], **wanted: Any) -> list[str]:
    chosen = [
        each for each in returns if all(each[name] == value for name, value in wanted.items())
    ]
    return [each["numero"] for each in sorted(chosen, key=lambda each: each["id"], reverse=True)]


@pytest.mark.parametrize("limit", [1, 3, 500])
async def test_each_filter_has_its_returns_once(
    shop: Shop, returns: list[dict[str, Any]], limit: int
) -> None:
    assert await listed(shop, limite=limit) == newest(returns)
    for name in ("magasin_id", "vente_id"):
        for value in {each[name] for each in returns}:
            expected = newest(returns, **{name: value})
            assert await listed(shop, limite=limit, **{name: value}) == expected
    for each in returns:
        assert await listed(shop, numero=each["numero"]) == [each["numero"]]


@pytest.mark.parametrize("limit", [1, 3, 500])
async def test_a_period_is_by_business_date(
    shop: Shop, returns: list[dict[str, Any]], limit: int
) -> None:
    days = sorted({each["date_affaires"] for each in returns})
    by_day = sorted(returns, key=lambda each: (each["date_affaires"], each["id"]), reverse=True)

    everything = await listed(shop, limite=limit, date_debut=days[0], date_fin=days[-1])
    assert everything == [each["numero"] for each in by_day]
    for day in days:
        found = await listed(shop, limite=limit, date_debut=day, date_fin=day)
        assert found == newest(returns, date_affaires=day)


async def test_a_key_lists_what_its_stores_took(shop: Shop, returns: list[dict[str, Any]]) -> None:
    own = await give(shop, sites=[shop.strict])

    assert await listed(shop, own) == newest(returns, magasin_id=shop.strict)
    assert await listed(shop, own, magasin_id=shop.permissive) == []
    of_others = newest(returns, magasin_id=shop.permissive)
    assert await listed(shop, own, numero=of_others[0]) == []


@pytest.mark.parametrize(
    "query", ["numero=3-000001", "numero=R1", "date_debut=2026-02-02&date_fin=2026-02-01", "x=1"]
)
async def test_a_senseless_filter_is_refused(shop: Shop, query: str) -> None:
    assert (await shop.client.get(f"{LIST}?{query}")).status_code == 422


async def test_a_receipt_tells_what_has_come_back(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 5), (shop.tea, 1))
    await bring_back(shop, sale, units((1, 2)))
    await bring_back(shop, sale, units((1, 1)))

    by_id = await shop.client.get(f"/api/ventes/{sale['id']}")
    by_number = await shop.client.get("/api/ventes/", params={"numero": sale["numero"]})
    page = await shop.client.get("/api/ventes/")

    for receipt in by_id.json(), by_number.json()[0]:
        assert [line["quantite_retournee"] for line in receipt["lignes"]] == [3, 0]
    assert "quantite_retournee" not in page.json()[0]["lignes"][0]
