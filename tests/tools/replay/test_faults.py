"""The replay reports missing sales and absent servers, and ignores the stores of others."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from infra.tools import rest
from infra.tools.measure.replay import selling, verdict
from infra.tools.measure.replay.catalogue import Numbers
from infra.tools.measure.replay.reading import Invoice, Line
from infra.tools.rest import RestClient, Unreachable

DAY = date(2010, 12, 1)
OURS, THEIRS = 1, 2
NUMBERS = Numbers({"Réunion": OURS}, {"CUP": 7})
KEYS = {OURS: "key of our till"}


def an_invoice() -> Invoice:
    sold_at = datetime(2010, 12, 1, 9)  # noqa: DTZ001
    return Invoice("1", "Réunion", sold_at, [Line("CUP", 1, Decimal("1.25"))])


def client_of(*answers: dict[str, Any], status: int = 200) -> RestClient:
    """Return a client that answers each request with the answer that names its path."""

    def answer(request: httpx.Request) -> httpx.Response:
        [found] = [each for each in answers if each["path"] == request.url.path]
        return httpx.Response(status, content=json.dumps(found))

    return RestClient("key", transport=httpx.MockTransport(answer))


async def test_a_sale_that_the_report_never_shows_ends_the_replay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selling, "SAMPLE_EVERY", 1)
    monkeypatch.setattr(selling, "LONGEST_DELAY_SECONDS", 0.0)
    never = {"path": "/api/rapports/ventes", "a_jour": False}
    async with client_of({"path": "/api/ventes/", "vente_id": "x"}, never) as client:
        outcome = await selling.Tills(client, NUMBERS, KEYS, None).sell(
            [an_invoice()], lambda: None
        )

    assert (outcome.recorded, outcome.unseen, outcome.delays) == (1, 1, [])


async def test_an_address_without_a_server_gives_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "PATIENCE_SECONDS", 0.0)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with RestClient("key", transport=httpx.MockTransport(refuse)) as client:
        with pytest.raises(Unreachable, match=r"GET http://nowhere/: no answer .* refused"):
            await client.get("http://nowhere/")


async def test_the_name_of_a_store_may_have_an_accent() -> None:
    keys = []

    def keep(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return httpx.Response(201, json={})

    async with RestClient("key", transport=httpx.MockTransport(keep)) as client:
        await client.post("http://sales/", {}, "replay-magasin-Réunion")
        await client.post("http://sales/", {}, "replay-magasin-United Kingdom")

    assert keys == ["replay-magasin-R%C3%A9union", "replay-magasin-United Kingdom"]


async def test_the_sales_of_other_stores_on_the_same_day_make_no_difference() -> None:
    lines = [
        {"magasin_id": OURS, "nombre_ventes": 1, "total_ventes": 1.25},
        {"magasin_id": THEIRS, "nombre_ventes": 5, "total_ventes": 99.0},
    ]
    products = [{"produit_id": 7, "total": 1.25}, {"produit_id": 8, "total": 99.0}]
    expected = verdict.expect_totals([an_invoice()], NUMBERS)
    async with client_of(
        {"path": "/api/rapports/ventes", "rapport": lines},
        {"path": "/api/ventes/rapport", "produits": products},
    ) as client:
        reported = await verdict.read_totals(client, NUMBERS, DAY, DAY, expected.sales)

    assert verdict.find_differences(expected, reported) == []


def test_a_cent_on_the_wrong_day_of_a_store_is_a_difference() -> None:
    expected = verdict.Totals(1, {(OURS, "2010-12-01"): 125}, {7: 125})
    reported = verdict.Totals(1, {(OURS, "2010-12-02"): 125}, {7: 125})

    assert len(verdict.find_differences(expected, reported)) == 4
