"""No sale and no return is of a coming day: its prices and rates are not those of today."""

from datetime import UTC, date, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from sales_service.domain.business_day import is_ahead, place_in_business_day
from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import close, sell, today
from tests.sales_service.test_offline_sales import a_sale, only
from tests.sales_service.test_price_history import plan
from tests.sales_service.test_returns import bring_back, rows, sold, units
from tests.sales_service.test_scopes import give, refused

TORONTO = "America/Toronto"
EVENING = datetime(2026, 11, 24, 4, 50, tzinfo=UTC)  # ten minutes to midnight in Toronto
DAY = date(2026, 11, 23)
NEXT = DAY + timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("given", "closed_through", "expected"),
    [
        (None, None, False),
        (DAY, None, False),
        (EVENING + 9 * MINUTE, None, False),
        (EVENING + 11 * MINUTE, None, True),
        (NEXT, None, True),
        (EVENING - 30 * MINUTE, None, False),
        # The day was closed early, and the next one has begun.
        (None, DAY, False),
        (NEXT, DAY, False),
        (EVENING + 11 * MINUTE, DAY, False),
        (EVENING + 16 * MINUTE, DAY, True),
        (NEXT + timedelta(days=1), DAY, True),
    ],
)
def test_the_store_s_own_day_decides_what_is_ahead(
    given: datetime | date | None, closed_through: date | None, expected: bool
) -> None:
    clock = EVENING, TORONTO, 0, closed_through

    assert is_ahead(place_in_business_day(given, *clock), *clock) is expected


def test_a_store_further_east_has_its_own_day() -> None:
    clock = EVENING, "Pacific/Kiritimati", 0, None

    assert not is_ahead(place_in_business_day(NEXT, *clock), *clock)


def dates_ahead() -> tuple[str, ...]:
    now = datetime.now(UTC)
    return (
        str(today() + timedelta(days=1)),
        *((now + ahead).isoformat() for ahead in (16 * MINUTE, timedelta(hours=23))),
    )


async def test_a_till_gets_no_price_of_tomorrow(shop: Shop) -> None:
    till = await give(shop)
    await plan(shop, 20, days=1)

    for moment in dates_ahead():
        body = shop.basket((shop.coffee, 1)) | {"date": moment}
        answer = await shop.client.post("/api/ventes/", json=body, headers=till)
        assert refused(answer) == (422, "vente-impossible")
        [fault] = answer.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/date", "date-absurde")
    for moment in dates_ahead()[1:]:
        result = await only(shop, a_sale(shop, date=moment), till)
        assert (result["statut"], result["probleme"]["code"]) == (422, "vente-impossible")


async def test_nothing_comes_back_tomorrow(shop: Shop) -> None:
    sale = await sold(shop, (shop.coffee, 1))
    body = {
        "magasin_id": shop.permissive,
        "lignes": [{"produit_id": shop.coffee, "quantite": 1}],
        "motif": "Cadeau",
    }

    for moment in dates_ahead():
        of_sale = await bring_back(shop, sale, units((1, 1), date=moment))
        dated = body | {"date": moment, "retour_id": str(uuid7())}
        for answer in of_sale, await shop.client.post("/api/retours/", json=dated):
            assert refused(answer) == (422, "retour-impossible")
            assert answer.json()["errors"][0]["code"] == "date-absurde"


async def test_a_return_is_of_no_day_before_that_of_its_sale(shop: Shop) -> None:
    await close(shop)
    sale = await sell(shop)  # of the next day

    dated = await bring_back(shop, sale, units((1, 1), date=str(today())))
    plain = await bring_back(shop, sale, units((1, 1)))

    assert refused(dated) == (422, "retour-impossible")
    assert dated.json()["errors"][0]["code"] == "avant-la-vente"
    assert plain.json()["date_affaires"] == sale["date_affaires"]
    assert await rows(shop, "SELECT id FROM returns WHERE is_late") == []
