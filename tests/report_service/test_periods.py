"""Reports of a period equal the facts of that period, whatever its ends."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.report_service.builders import MONDAY, a_line, a_sale
from tests.report_service.conftest import Reports

FIRST_DAY = date(2026, 8, 20)


async def sell_for_months(reports: Reports, generator: random.Random) -> None:
    days = [FIRST_DAY + timedelta(days=n) for n in range(130)]
    await reports.receive(
        *(
            a_sale(
                a_line(generator.randint(1, 12), generator.randint(1, 9), generator.randint(1, 99)),
                store_id=generator.randint(1, 4),
                business_date=generator.choice(days),
            )
            for _ in range(300)
        )
    )


def random_period(generator: random.Random) -> dict[str, str]:
    """Draw both ends, one or none, and the ends of months more often than by chance."""
    ends = sorted(FIRST_DAY + timedelta(days=generator.randint(-9, 140)) for _ in range(2))
    if generator.random() < 0.4:
        ends = [ends[0].replace(day=1), ends[1].replace(day=1) + timedelta(days=27)]
    period = dict(zip(("date_debut", "date_fin"), map(str, sorted(ends)), strict=True))
    if generator.random() < 0.2:
        period.pop(generator.choice(list(period)))
    return period


async def test_every_period_equals_its_facts(reports: Reports) -> None:
    generator = random.Random(7)
    await sell_for_months(reports, generator)

    for _ in range(60):
        period = random_period(generator)
        bounds = {
            "start": date.fromisoformat(period.get("date_debut", "0001-01-01")),
            "end": date.fromisoformat(period.get("date_fin", "9999-12-31")),
        }
        of_period = "FROM sale_facts WHERE business_date BETWEEN :start AND :end"
        stores = await reports.rows(
            f"SELECT store_id, count(*), sum(total_cents) {of_period} GROUP BY 1 ORDER BY 1",
            **bounds,
        )
        products = await reports.rows(
            "SELECT product_id, sum(quantity), sum(amount_cents) FROM sale_line_facts"
            f" WHERE sale_id IN (SELECT sale_id {of_period})"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5",
            **bounds,
        )
        days = await reports.rows(
            f"SELECT business_date, sum(total_cents) {of_period} GROUP BY 1 ORDER BY 1", **bounds
        )

        by_store = await reports.get("/api/rapports/ventes", **period)
        report = await reports.get(limite=5, **period)

        assert [
            (each["magasin_id"], each["nombre_ventes"], each["total_ventes"])
            for each in by_store["rapport"]
        ] == [(store, count, int(cents) / 100) for store, count, cents in stores], period
        assert [
            (each["produit_id"], each["quantite"], each["total"]) for each in report["produits"]
        ] == [(product, units, int(cents) / 100) for product, units, cents in products], period
        trend = [(each["jour"], each["total"]) for each in report["tendance_journaliere"]]
        # A trend without an end begins 366 days ago at the earliest.
        oldest = date.min if "date_fin" in period else date.fromisoformat(trend[0][0])
        assert [each for each in trend if each[1]] == [
            (day.isoformat(), int(cents) / 100) for day, cents in days if day >= oldest
        ], period
        assert report["total_ventes"] == sum(int(cents) for _, _, cents in stores) / 100


async def test_the_last_day_of_a_period_belongs_to_it(reports: Reports) -> None:
    await reports.receive(a_sale(business_date=MONDAY), a_sale(business_date=date(2026, 11, 30)))

    report = await reports.get(
        "/api/rapports/ventes", date_debut="2026-11-23", date_fin="2026-11-23"
    )

    [line] = report["rapport"]
    assert line == line | {
        "magasin_id": 3,
        "magasin": "Magasin 3",
        "nombre_ventes": 1,
        "total_ventes": 12.5,
    }
    assert report["periode"] == {"date_debut": "2026-11-23", "date_fin": "2026-11-23"}


@pytest.mark.parametrize(
    "path", ["/api/ventes/rapport", "/api/rapports/ventes", "/api/rapports/journees"]
)
async def test_reversed_dates_are_refused(reports: Reports, path: str) -> None:
    answer = await reports.client.get(
        path, params={"date_debut": "2026-11-24", "date_fin": "2026-11-23"}
    )

    assert answer.status_code == 400
    assert answer.json()["code"] == "dates-inversees"
    assert answer.json()["detail"] == (
        "La date de début 2026-11-24 est après la date de fin 2026-11-23."
    )


async def test_performance_covers_the_last_30_days_and_five_products(reports: Reports) -> None:
    today = datetime.now(UTC).astimezone(ZoneInfo("America/Toronto")).date()
    oldest = today - timedelta(days=29)
    await reports.receive(
        a_sale(*(a_line(product) for product in range(1, 8)), business_date=oldest),
        a_sale(business_date=oldest - timedelta(days=1)),
        # A store further east may be a day ahead.
        a_sale(business_date=today + timedelta(days=1)),
    )

    report = await reports.get("/api/performance/global")

    trend = report["tendance_journaliere"]
    assert [each["jour"] for each in trend] == [
        (oldest + timedelta(days=n)).isoformat() for n in range(31)
    ]
    assert [each["total"] > 0 for each in trend] == [True, *[False] * 29, True]
    assert report["nombre_ventes"] == 2
    assert len(report["produits"]) == 5
    assert report["periode"] == {"date_debut": oldest.isoformat(), "date_fin": None}
