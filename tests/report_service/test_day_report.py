"""A report of days shows what a closing sealed, what came later, and what both make."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from report_service.events.consumed import Register
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    NOON,
    STORE,
    TEA,
    a_closing,
    a_line,
    a_return,
    a_sale,
    a_store,
    a_void_of,
)
from tests.report_service.conftest import Reports

DAYS = "/api/rapports/journees"
OTHER_STORE = STORE + 1
MANAGER = "store-3/manager"
TUESDAY = MONDAY + timedelta(days=1)
NONE = {
    "nombre_ventes": 0,
    "ventes_brutes": 0.0,
    "remises": 0.0,
    "retours": 0.0,
    "nombre_retours": 0,
    "total_ventes": 0.0,
    "annulations": 0.0,
    "nombre_annulations": 0,
    "taxes": 0.0,
    "arrondi_especes": 0.0,
}


async def days_of(reports: Reports, start: date = MONDAY, end: date = TUESDAY, **query: Any) -> Any:
    period = {"date_debut": start.isoformat(), "date_fin": end.isoformat()}
    return (await reports.get(DAYS, **period, **query))["journees"]


async def test_a_closed_day_is_what_was_sealed_and_what_came_later(reports: Reports) -> None:
    registers = Register("caisse-1", 11800, 11790), Register(None, 0, None)
    await reports.receive(a_store(STORE, "Plateau"))
    await reports.receive(a_sale(a_line(cents=1000), discount_cents=50))
    closing = a_closing(*registers, discount_cents=50, total_cents=1000)
    await reports.receive(closing, actor=MANAGER)
    await reports.receive(
        a_sale(a_line(TEA, 2, 400), rounding_cents=2, is_late=True),
        a_return(a_line(COFFEE, 1, 100), is_late=True),
    )

    [day] = await days_of(reports)

    sealed = {"nombre_ventes": 1, "ventes_brutes": 10.5, "remises": 0.5, "total_ventes": 10.0}
    came_late = {
        "nombre_ventes": 1,
        "ventes_brutes": 4.0,
        "retours": 1.0,
        "nombre_retours": 1,
        "total_ventes": 3.0,
        "taxes": 0.45,
        "arrondi_especes": 0.02,
    }
    both = {
        "nombre_ventes": 2,
        "ventes_brutes": 14.5,
        "remises": 0.5,
        "retours": 1.0,
        "nombre_retours": 1,
        "total_ventes": 13.0,
        "taxes": 1.95,
        "arrondi_especes": 0.02,
    }
    assert day == {
        "magasin_id": STORE,
        "magasin": "Plateau",
        "jour": "2026-11-23",
        "statut": "close",
        "cloture": {
            "le": "2026-11-23T17:00:00Z",
            "par": MANAGER,
            "automatique": False,
            "ecart_caisses": -0.1,
            "caisses_non_comptees": 1,
        },
        "totaux": NONE | sealed | {"taxes": 1.5},
        "ajustements": NONE | came_late,
        "total": NONE | both,
        "inexplique": 0.0,
    }


async def test_an_open_day_has_no_closing(reports: Reports) -> None:
    sale = a_sale()
    await reports.receive(sale, a_sale(), a_void_of(sale))

    [day] = await days_of(reports)

    assert (day["statut"], day["cloture"], day["totaux"]) == ("ouverte", None, None)
    assert (day["ajustements"], day["inexplique"]) == (NONE, None)
    assert (day["total"]["total_ventes"], day["total"]["annulations"]) == (12.5, 12.5)


async def test_nobody_closed_a_day_that_closed_by_itself(reports: Reports) -> None:
    await reports.receive(a_closing(is_automatic=True), actor="sales-worker")

    [day] = await days_of(reports)

    assert day["cloture"] == {
        "le": NOON.isoformat().replace("+00:00", "Z"),
        "par": None,
        "automatique": True,
        "ecart_caisses": None,
        "caisses_non_comptees": 0,
    }


async def test_a_sale_that_is_missing_is_shown_until_it_arrives(reports: Reports) -> None:
    await reports.receive(a_closing())
    [without] = await days_of(reports)

    await reports.receive(a_sale())
    [whole] = await days_of(reports)

    assert (without["totaux"]["total_ventes"], without["inexplique"]) == (12.5, -12.5)
    assert (whole["total"], whole["inexplique"]) == (whole["totaux"], 0.0)


async def test_late_documents_tell_that_an_empty_day_was_closed(reports: Reports) -> None:
    await reports.receive(a_sale(is_late=True))

    [day] = await days_of(reports)

    assert (day["statut"], day["cloture"]) == ("close", None)
    assert day["ajustements"] == day["total"]


async def test_a_later_closing_tells_that_a_day_without_one_is_closed(reports: Reports) -> None:
    await reports.receive(a_sale(), a_sale(store_id=OTHER_STORE), a_closing(business_date=TUESDAY))

    days = await days_of(reports)

    assert [(day["magasin_id"], day["jour"], day["statut"], day["totaux"]) for day in days[:2]] == [
        (STORE, MONDAY.isoformat(), "close", None),
        (OTHER_STORE, MONDAY.isoformat(), "ouverte", None),
    ]


async def test_days_are_those_of_the_period_and_the_store(reports: Reports) -> None:
    for store_id in (OTHER_STORE, STORE):
        await reports.receive(
            *(a_sale(store_id=store_id, business_date=d) for d in (TUESDAY, MONDAY)),
            a_closing(store_id=store_id, business_date=MONDAY),
            a_sale(store_id=store_id, business_date=TUESDAY + timedelta(days=1)),
            partition=store_id,
        )

    every = [(day["jour"], day["magasin_id"]) for day in await days_of(reports)]
    own = [(day["jour"], day["statut"]) for day in await days_of(reports, magasin_id=OTHER_STORE)]

    monday, tuesday = MONDAY.isoformat(), TUESDAY.isoformat()
    assert every == [
        *((monday, STORE), (monday, OTHER_STORE)),
        *((tuesday, STORE), (tuesday, OTHER_STORE)),
    ]
    assert own == [(monday, "close"), (tuesday, "ouverte")]


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({"date_debut": "2026-11-01"}, "2026-11-01", "2026-11-30"),
        ({"date_fin": "2026-11-30"}, "2026-11-01", "2026-11-30"),
        ({"date_debut": "9999-12-30"}, "9999-12-30", "9999-12-31"),
        ({"date_fin": "0001-01-02"}, "0001-01-01", "0001-01-02"),
        ({"date_debut": "2026-10-01", "date_fin": "2026-10-31"}, "2026-10-01", "2026-10-31"),
        (
            {"date_debut": "2026-01-01", "date_fin": "2026-12-31", "magasin_id": 3},
            "2026-01-01",
            "2026-12-31",
        ),
    ],
)
async def test_a_period_has_two_ends(
    reports: Reports, query: dict[str, Any], start: str, end: str
) -> None:
    report = await reports.get(DAYS, **query)

    assert report["periode"] == {"date_debut": start, "date_fin": end}


async def test_without_dates_the_days_are_the_last_30_and_tomorrow(reports: Reports) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo("America/Toronto")).date()

    period = (await reports.get(DAYS))["periode"]

    assert period == {
        "date_debut": (today - timedelta(days=29)).isoformat(),
        "date_fin": (today + timedelta(days=1)).isoformat(),
    }


@pytest.mark.parametrize(
    ("query", "days", "longest"),
    [
        ({"date_debut": "2026-10-01", "date_fin": "2026-11-01"}, 32, 31),
        ({"date_debut": "2026-01-01", "date_fin": "2027-01-02", "magasin_id": 3}, 367, 366),
    ],
)
async def test_a_period_that_is_too_long_is_refused(
    reports: Reports, query: dict[str, Any], days: int, longest: int
) -> None:
    answer = await reports.client.get(DAYS, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, "periode-trop-longue")
    detail = f"La période compte {days} jours ; le maximum est {longest}."
    assert answer.json()["detail"] == detail


async def test_a_reader_who_awaits_a_late_sale_sees_it(reports: Reports) -> None:
    late = a_sale(is_late=True)
    await reports.receive(late)

    report = await reports.get(DAYS, date_debut=MONDAY.isoformat(), apres_vente=late.sale_id)

    assert report["a_jour"]
    assert report["journees"][0]["ajustements"]["nombre_ventes"] == 1
