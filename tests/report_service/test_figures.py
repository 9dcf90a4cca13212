"""Reports show discounts, returns, voids, payments and taxes beside the net sales."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from report_service.events.consumed import ReturnRecorded, SaleRecorded, SaleVoided
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    STORE,
    TEA,
    a_line,
    a_return,
    a_sale,
    a_void_of,
)
from tests.report_service.conftest import Reports
from tests.report_service.test_corrections import many_documents

OTHER_STORE = STORE + 1
NEXT_MONTH = date(2026, 12, 3)
STORE_REPORT = "/api/rapports/ventes"
PATHS = ["/api/ventes/rapport", STORE_REPORT]
BESIDE = ("ventes_brutes", "remises", "retours", "annulations", "arrondi_especes", "taxes")
COUNTS = ("nombre_ventes", "nombre_retours", "nombre_annulations")


def net_of(report: dict[str, Any]) -> float:
    return float(round(report["ventes_brutes"] - report["remises"] - report["retours"], 2))


@pytest.fixture
async def traded(reports: Reports) -> Reports:
    """Return reports of a month with a discount, a void and change, and a return in the next one.

    Another store takes the goods back.
    """
    sale = a_sale(
        a_line(COFFEE, 3, 3000),
        discount_cents=300,
        paid={"cash": 4000, "gift-card": 500},
        change_cents=1048,
        rounding_cents=2,
        taxes={"TPS": 150, "TVQ": 300},
    )
    undone = a_sale(a_line(TEA, 2, 433), paid={"debit": 497}, taxes={"TPS": 64})
    refund = a_return(
        a_line(COFFEE, 1, 1000),
        store_id=OTHER_STORE,
        business_date=NEXT_MONTH,
        sale_id=sale.sale_id,
        paid={"credit": 1150},
        taxes={"TPS": 50, "TVQ": 100},
    )
    await reports.receive(sale, undone, a_void_of(undone))
    await reports.receive(refund, partition=1)
    return reports


@pytest.mark.parametrize("path", PATHS)
async def test_all_figures_of_a_chain_stand_in_its_report(traded: Reports, path: str) -> None:
    report = await traded.get(path)

    assert {name: report[name] for name in ("total_ventes", *BESIDE, *COUNTS)} == {
        "total_ventes": 20.0,
        "ventes_brutes": 33.0,
        "remises": 3.0,
        "retours": 10.0,
        "annulations": 4.33,
        "arrondi_especes": 0.02,
        "taxes": 3.0,
        "nombre_ventes": 1,
        "nombre_retours": 1,
        "nombre_annulations": 1,
    }
    assert report["paiements"] == [
        {"moyen": "comptant", "montant": 29.52},
        {"moyen": "credit", "montant": -11.5},
        {"moyen": "carte_cadeau", "montant": 5.0},
    ]
    assert report["taxes_detail"] == [
        {"code": "TPS", "montant": 1.0},
        {"code": "TVQ", "montant": 2.0},
    ]


async def test_payments_are_the_net_sales_with_taxes_and_rounding(traded: Reports) -> None:
    report = await traded.get()

    paid = sum(each["montant"] for each in report["paiements"])
    due = report["total_ventes"] + report["taxes"] + report["arrondi_especes"]
    assert round(paid, 2) == round(due, 2) == 23.02


async def test_an_exchange_leaves_only_what_was_paid_besides(reports: Reports) -> None:
    returned = a_return(a_line(COFFEE, 1, 1000), paid={"exchange": 1000})
    sale = a_sale(a_line(TEA, 3, 1299), paid={"exchange": 1000, "cash": 500}, change_cents=201)
    await reports.receive(returned, sale)

    report = await reports.get()

    assert (report["total_ventes"], report["nombre_ventes"]) == (2.99, 1)
    assert report["paiements"] == [{"moyen": "comptant", "montant": 2.99}]


async def test_each_store_has_its_own_figures(traded: Reports) -> None:
    sold, took_back = (await traded.get(STORE_REPORT))["rapport"]
    consolidated = (await traded.get())["ventes_par_magasin"]

    assert (sold["magasin_id"], sold["total_ventes"], sold["retours"]) == (STORE, 30.0, 0.0)
    assert (took_back["magasin_id"], took_back["nombre_ventes"]) == (OTHER_STORE, 0)
    assert (took_back["total_ventes"], took_back["retours"]) == (-10.0, 10.0)
    assert took_back["paiements"] == [{"moyen": "credit", "montant": -11.5}]
    assert took_back["taxes_detail"] == [
        {"code": "TPS", "montant": -0.5},
        {"code": "TVQ", "montant": -1.0},
    ]
    # The seed names the amount of a store in two ways.
    assert consolidated == [
        {"total" if name == "total_ventes" else name: value for name, value in line.items()}
        for line in (sold, took_back)
    ]


async def test_a_store_that_only_took_back_has_its_line_on_that_day(traded: Reports) -> None:
    period = {"date_debut": NEXT_MONTH.isoformat(), "date_fin": NEXT_MONTH.isoformat()}

    report = await traded.get(**period)
    [line] = (await traded.get(STORE_REPORT, **period, magasin_id=OTHER_STORE))["rapport"]

    assert [each["magasin_id"] for each in report["ventes_par_magasin"]] == [OTHER_STORE]
    assert report["total_ventes"] == line["total_ventes"] == -10.0
    trend = [{"jour": NEXT_MONTH.isoformat(), "total": -10.0}]
    assert report["tendance_journaliere"] == trend
    assert [(each["produit_id"], each["quantite"]) for each in report["produits"]] == [(COFFEE, -1)]


async def test_a_store_whose_only_sale_is_voided_has_its_line(reports: Reports) -> None:
    sale = a_sale()
    await reports.receive(sale, a_void_of(sale))

    for period in ({}, {"date_debut": MONDAY.isoformat()}):
        report = await reports.get(**period)
        [store] = report["ventes_par_magasin"]
        assert (store["nombre_ventes"], store["total"], store["annulations"]) == (0, 0.0, 12.5)
        assert report["produits"] == []


async def test_best_sellers_are_those_that_stayed_sold(reports: Reports) -> None:
    await reports.receive(
        a_sale(a_line(COFFEE, 9), a_line(TEA, 2)),
        a_return(a_line(COFFEE, 9)),
        a_return(a_line(13, 1)),
    )

    for period in ({}, {"date_debut": MONDAY.isoformat()}):
        products = (await reports.get(**period))["produits"]
        assert [(each["produit_id"], each["quantite"]) for each in products] == [
            (TEA, 2),
            (COFFEE, 0),
            (13, -1),
        ]


async def test_a_method_that_is_paid_back_whole_is_not_listed(reports: Reports) -> None:
    sale = a_sale(paid={"debit": 1437}, taxes={"TPS": 187})
    await reports.receive(sale, a_return(paid={"debit": 1437}, taxes={"TPS": 187}))

    for period in ({}, {"date_debut": MONDAY.isoformat()}):
        report = await reports.get(**period)
        assert report["paiements"] == report["taxes_detail"] == []


@pytest.mark.parametrize("seed", range(3))
async def test_figures_of_any_period_are_those_of_its_documents(
    reports: Reports, seed: int
) -> None:
    generator = random.Random(seed)
    documents = many_documents(generator, 60)
    await reports.receive(*documents)
    days = sorted(each.business_date for each in documents)

    for _ in range(12):
        start, end = sorted(generator.choices(days, k=2))
        within = [each for each in documents if start <= each.business_date <= end]
        sales = [each for each in within if isinstance(each, SaleRecorded)]
        voids = [each for each in within if isinstance(each, SaleVoided)]
        returns = [each for each in within if isinstance(each, ReturnRecorded)]
        gross, less, back, undone = (
            sum(each.total_cents + each.discount_cents for each in sales)
            - sum(each.total_cents + each.discount_cents for each in voids),
            sum(each.discount_cents for each in sales) - sum(each.discount_cents for each in voids),
            sum(each.total_cents for each in returns),
            sum(each.total_cents for each in voids),
        )

        period = {"date_debut": start.isoformat(), "date_fin": end.isoformat()}
        report, by_store = (
            await reports.get(limite=50, **period),
            await reports.get(STORE_REPORT, **period),
        )

        expected = {
            "ventes_brutes": gross / 100,
            "remises": less / 100,
            "retours": back / 100,
            "annulations": undone / 100,
            "nombre_ventes": len(sales) - len(voids),
            "nombre_retours": len(returns),
            "nombre_annulations": len(voids),
        }
        assert {name: report[name] for name in expected} == expected
        assert {name: by_store[name] for name in expected} == expected
        assert report["total_ventes"] == by_store["total_ventes"] == net_of(report)
        assert round(sum(each["total"] for each in report["produits"]), 2) == report["total_ventes"]
        taxes = sum(tax.amount_cents for each in sales for tax in each.taxes) - sum(
            tax.amount_cents for each in voids + returns for tax in each.taxes
        )
        assert round(sum(each["montant"] for each in report["taxes_detail"]), 2) == taxes / 100


async def test_a_void_on_a_later_day_changes_the_day_of_the_sale(reports: Reports) -> None:
    sale = a_sale()
    period = {"date_debut": MONDAY.isoformat(), "date_fin": MONDAY.isoformat()}
    await reports.receive(sale)
    assert (await reports.get(**period))["total_ventes"] == 12.5

    await reports.receive(a_void_of(sale))

    assert (await reports.get(**period))["total_ventes"] == 0
    later = {"date_debut": (MONDAY + timedelta(days=1)).isoformat()}
    assert (await reports.get(STORE_REPORT, **later))["rapport"] == []
