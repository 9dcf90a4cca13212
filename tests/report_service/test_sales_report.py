"""`GET /api/ventes/rapport`: the seed's consolidated report, from counters."""

from datetime import timedelta

import msgspec
import pytest

from report_service.api.answers import FreshnessOut, ReportOut
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    STORE,
    TEA,
    a_line,
    a_product,
    a_sale,
    a_store,
    levels,
)
from tests.report_service.conftest import Reports

PATHS = ["/api/ventes/rapport", "/api/performance/global", "/api/rapports/ventes"]


async def test_the_report_has_the_fields_of_the_seed_and_exact_cents(reports: Reports) -> None:
    await reports.receive(a_product(COFFEE, "Café moulu"), a_store(STORE, "Plateau"))
    await reports.receive(
        a_sale(a_line(COFFEE, 3, 3751), a_line(TEA, 1, 433)), a_sale(a_line(TEA, 1, 433))
    )
    await reports.receive(levels((COFFEE, 0, 1), (TEA, 51, 1)))

    report = await reports.get()

    msgspec.convert(report, ReportOut)
    msgspec.convert(report, FreshnessOut)
    assert report["total_ventes"] == 46.17
    assert report["nombre_ventes"] == 2
    assert report["taxes"] == 6.9
    assert report["periode"] == {"date_debut": None, "date_fin": None}
    assert report["produits"] == [
        {
            "produit_id": COFFEE,
            "nom": "Café moulu",
            "categorie": "Épicerie",
            "quantite": 3,
            "total": 37.51,
        },
        # The catalogue's copy does not have it yet, so its name is that on its latest sale.
        {
            "produit_id": TEA,
            "nom": "Article 12",
            "categorie": "Épicerie",
            "quantite": 2,
            "total": 8.66,
        },
    ]
    [of_store] = report["ventes_par_magasin"]
    assert of_store == of_store | {
        "magasin_id": STORE,
        "magasin": "Plateau",
        "total": 46.17,
        "nombre_ventes": 2,
    }
    assert len(report["tendance_journaliere"]) == 30
    assert [(each["nom"], each["stock"]) for each in report["ruptures"]] == [("Café moulu", 0)]
    assert [(each["nom"], each["stock"]) for each in report["surstocks"]] == [("Article 12", 51)]


async def test_a_store_or_product_without_a_name_has_its_number(reports: Reports) -> None:
    await reports.receive(levels((COFFEE, -1, 1), store_id=9))

    [stock_out] = (await reports.get())["ruptures"]

    assert stock_out == {
        "produit_id": COFFEE,
        "nom": "Produit 11",
        "categorie": "",
        "stock": -1,
        "magasin_id": 9,
        "magasin": "Magasin 9",
    }


async def test_alerts_list_the_worst_hundred(reports: Reports) -> None:
    await reports.receive(levels(*((product, -product, 1) for product in range(1, 150))))
    await reports.receive(levels(*((product, product, 2) for product in range(200, 350))))

    report = await reports.get()

    assert [each["stock"] for each in report["ruptures"]] == list(range(-149, -49))
    assert [each["stock"] for each in report["surstocks"]] == list(range(349, 249, -1))
    # What is not listed is told.
    assert (report["nombre_ruptures"], report["nombre_surstocks"]) == (149, 150)


async def test_a_store_that_is_restocked_leaves_the_stock_outs(reports: Reports) -> None:
    await reports.receive(levels((COFFEE, 0, 1)))
    await reports.receive(levels((COFFEE, 20, 2)))

    assert (await reports.get())["ruptures"] == []


async def test_best_sellers_are_ordered_by_units_then_id_and_limited(reports: Reports) -> None:
    await reports.receive(a_sale(*(a_line(product, 5 - product // 3) for product in range(1, 8))))

    report = await reports.get(limite=4)

    assert [each["produit_id"] for each in report["produits"]] == [1, 2, 3, 4]


async def test_the_trend_of_a_period_shows_its_newest_366_days(reports: Reports) -> None:
    days = [MONDAY - timedelta(days=n) for n in range(400)]
    await reports.receive(*(a_sale(business_date=day) for day in days))

    report = await reports.get(date_fin=MONDAY.isoformat())

    trend = report["tendance_journaliere"]
    assert len(trend) == 366
    assert trend[-1] == {"jour": "2026-11-23", "total": 12.5}
    assert report["nombre_ventes"] == 400


async def test_an_empty_report_is_a_report(reports: Reports) -> None:
    report = await reports.get()

    assert report["total_ventes"] == 0
    assert report["produits"] == report["ventes_par_magasin"] == []
    assert report["complet_jusqua"] is None
    assert report["retard_ms"] is None


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("slash", ["", "/"])
async def test_paths_answer_with_and_without_a_slash(
    reports: Reports, path: str, slash: str
) -> None:
    assert (await reports.client.get(path + slash)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_till_may_not_read_reports(reports: Reports, path: str) -> None:
    nobody = await reports.client.get(path, headers={"x-token": "unknown"})
    till = await reports.client.get(path, headers={"x-token": "till"})
    manager = await reports.client.get(path, headers={"x-token": "manager"})

    assert (nobody.status_code, till.status_code, manager.status_code) == (401, 403, 200)


@pytest.mark.parametrize("path", PATHS)
async def test_a_parameter_that_does_not_exist_is_refused(reports: Reports, path: str) -> None:
    answer = await reports.client.get(path, params={"date_debt": "2026-11-01"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"parameter": "date_debt", "code": "extra_forbidden", "detail": "Ce champ n'existe pas."}
    ]


async def test_an_unchanged_report_is_not_sent_again(reports: Reports) -> None:
    await reports.receive(a_sale())
    etag = (await reports.client.get(PATHS[0])).headers["etag"]

    unchanged = await reports.client.get(PATHS[0], headers={"if-none-match": etag})
    await reports.receive(a_sale())
    changed = await reports.client.get(PATHS[0], headers={"if-none-match": etag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert changed.status_code == 200
