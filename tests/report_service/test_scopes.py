"""A limited key reads the report of a store of its own, and none of the whole chain."""

from datetime import date
from typing import Any

import httpx
import pytest

from service_kit.http.api_keys import ensure_key
from tests.report_service.builders import MONDAY, STORE, a_line, a_sale
from tests.report_service.conftest import Reports

OTHER_STORE = STORE + 1
STORE_REPORT = "/api/rapports/ventes"
DAYS = "/api/rapports/journees"
EARLIER = date(2026, 9, 14)


@pytest.fixture
async def sold(reports: Reports) -> Reports:
    """Return reports of two stores; the key `own` is limited to the first."""
    await reports.receive(
        a_sale(a_line(cents=100)),
        a_sale(a_line(cents=20), business_date=EARLIER),
        a_sale(a_line(cents=3), store_id=OTHER_STORE),
    )
    async with reports.engine.begin() as connection:
        await ensure_key(connection, "own", "manager", "own", sites=[STORE])
    return reports


async def ask(reports: Reports, path: str, **query: Any) -> httpx.Response:
    return await reports.client.get(path, params=query, headers={"x-token": "own"})


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/api/ventes/rapport", {}, "portee-limitee"),
        ("/api/performance/global", {}, "portee-limitee"),
        (STORE_REPORT, {}, "portee-limitee"),
        (STORE_REPORT, {"magasin_id": OTHER_STORE}, "hors-portee"),
        (STORE_REPORT, {"magasin_id": 9999}, "hors-portee"),
        (DAYS, {}, "portee-limitee"),
        (DAYS, {"magasin_id": OTHER_STORE}, "hors-portee"),
    ],
)
async def test_a_limited_key_reads_nothing_of_other_stores(
    sold: Reports, path: str, query: dict[str, int], code: str
) -> None:
    answer = await ask(sold, path, **query)

    assert (answer.status_code, answer.json()["code"]) == (403, code)


async def test_a_limited_key_reads_the_report_of_its_own_store(sold: Reports) -> None:
    answer = await ask(sold, STORE_REPORT, magasin_id=STORE)

    lines = answer.json()["rapport"]
    assert [(line["magasin_id"], line["total_ventes"]) for line in lines] == [(STORE, 1.2)]


async def test_a_limited_key_reads_the_days_of_its_own_store(sold: Reports) -> None:
    answer = await ask(sold, DAYS, magasin_id=STORE, date_debut=EARLIER, date_fin=MONDAY)

    days = answer.json()["journees"]
    assert [(day["magasin_id"], day["jour"]) for day in days] == [
        (STORE, EARLIER.isoformat()),
        (STORE, MONDAY.isoformat()),
    ]


@pytest.mark.parametrize(
    "period",
    [
        {},
        {"date_debut": EARLIER},
        {"date_debut": MONDAY, "date_fin": MONDAY},
        {"date_debut": EARLIER, "date_fin": MONDAY},
    ],
)
async def test_the_report_of_one_store_is_its_line_in_the_report_of_all(
    sold: Reports, period: dict[str, Any]
) -> None:
    everything = (await sold.get(STORE_REPORT, **period))["rapport"]
    one = (await sold.get(STORE_REPORT, magasin_id=OTHER_STORE, **period))["rapport"]

    assert one == [line for line in everything if line["magasin_id"] == OTHER_STORE] != []
