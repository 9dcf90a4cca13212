"""A till that lost the answer to a sale delivers it again in a lot, with its own time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.sales_service.conftest import Shop
from tests.sales_service.test_offline_sales import a_sale, only
from tests.sales_service.test_selling import count
from tests.sales_service.test_voids import void


async def sell_online(shop: Shop, sale: dict[str, Any]) -> dict[str, Any]:
    """Post a sale of a lot without its date, and return the answer that the till never got."""
    undated = {name: value for name, value in sale.items() if name != "date"}
    answer = await shop.client.post(
        "/api/ventes/", json=undated, headers={"Prefer": "respond-async"}
    )
    assert answer.status_code in (201, 202), answer.text
    recorded: dict[str, Any] = answer.json()
    return recorded


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("hours", [0, 1, 23.9])
async def test_it_is_the_sale_that_was_recorded(shop: Shop, hours: float, local: bool) -> None:
    sale = a_sale(shop, hours=hours)
    recorded = await sell_online(shop, sale)
    if local:
        moment = datetime.fromisoformat(recorded["date"]) - timedelta(hours=hours)
        sale["date"] = moment.replace(tzinfo=None).isoformat()

    result = await only(shop, sale)

    assert (result["statut"], result["vente"]["numero"]) == (200, recorded["numero"])
    assert result["vente"]["date"] == recorded["date"]
    assert await count(shop, "sales") == 1


async def test_it_is_answered_as_it_stands(shop: Shop) -> None:
    sale = a_sale(shop, shop.strict)
    await sell_online(shop, sale)

    pending = await only(shop, sale)
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sales SET status = 'confirmed'"))
    confirmed = await only(shop, sale)
    assert (await void(shop, sale["vente_id"])).status_code == 200
    voided = await only(shop, sale)

    assert (pending["statut"], pending["vente"]["statut"]) == (202, "en_attente")
    assert (confirmed["statut"], confirmed["vente"]["statut"]) == (200, "confirmee")
    assert (voided["statut"], voided["probleme"]["code"]) == (409, "vente-annulee")


async def test_another_basket_or_day_is_another_sale(shop: Shop) -> None:
    sale = a_sale(shop)
    await sell_online(shop, sale)
    long_ago = (datetime.now(UTC) - timedelta(hours=25)).isoformat()

    for change, pointers in (
        ({"date": long_ago}, ["/date"]),
        ({"caisse": "caisse 9", "date": long_ago}, ["/caisse", "/date"]),
        ({"panier": [{"produit_id": shop.coffee, "quantite": 3}]}, ["/panier/0/quantite"]),
    ):
        result = await only(shop, sale | change)
        assert (result["statut"], result["probleme"]["code"]) == (409, "vente-existante")
        assert [fault["pointer"] for fault in result["probleme"]["errors"]] == pointers


async def test_online_another_date_is_still_another_sale(shop: Shop) -> None:
    sale = a_sale(shop)
    await sell_online(shop, sale)

    answer = await shop.client.post("/api/ventes/", json=sale)

    assert (answer.status_code, answer.json()["code"]) == (409, "vente-existante")
