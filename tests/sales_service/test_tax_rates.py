"""`/api/taxes`: rates by place, class of goods and first business date."""

import asyncio
import json
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import text

from sales_service.use_cases import record_sale
from tests.contracts.test_examples import SCHEMAS
from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import as_read
from tests.sales_service.test_taxed_sales import QUEBEC, offer, open_store, rates_of

RATES = "/api/taxes/"
ONTARIO = {"lieu": "ON", "classe": "taxable", "code": "TVH", "taux": 0.13, "du": "2010-07-01"}


async def add(shop: Shop, **members: Any) -> dict[str, Any]:
    answer = await shop.client.post(RATES, json=ONTARIO | members)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def sold_on(shop: Shop, day: str, store: int) -> list[tuple[str, float]]:
    """Return the taxes of a sale at noon of this day."""
    body = shop.basket((shop.coffee, 1), store=store) | {"date": f"{day}T12:00:00"}
    answer = await shop.client.post("/api/ventes/", json=body)
    assert answer.status_code == 201, answer.text
    return rates_of(answer.json())


async def test_the_rates_of_quebec_are_known(shop: Shop) -> None:
    listed = (await shop.client.get(RATES, params={"lieu": "QC", "classe": "taxable"})).json()
    zero_rated = (await shop.client.get(RATES, params={"classe": "Détaxé"})).json()

    assert [(rate["code"], rate["taux"], rate["du"]) for rate in listed] == [
        (code, rate, "2000-01-01") for code, rate in QUEBEC
    ]
    assert [(rate["code"], rate["taux"]) for rate in zero_rated] == [("TPS", 0), ("TVQ", 0)]
    assert (await shop.client.get(RATES, params={"classe": "exonere"})).json() == []


async def test_rates_are_listed_page_by_page(shop: Shop) -> None:
    first = await shop.client.get(RATES, params={"limite": 3})
    second = await shop.client.get(first.links["next"]["url"])

    assert [len(first.json()), len(second.json())] == [3, 1]
    assert "next" not in second.links


async def test_the_rate_of_the_business_date_counts(shop: Shop) -> None:
    await add(shop)
    await add(shop, taux="0.15", du="2026-03-02")
    await add(shop, taux=0, du="2026-03-04")
    store = await open_store(shop, lieu_fiscal="ON")
    before = await open_store(shop, lieu_fiscal="ON", heure_coupure=12)

    taxes = [await sold_on(shop, f"2026-03-0{day}", store) for day in (1, 2, 3, 4)]
    # Before the cut-off hour it is still the day before.
    body = shop.basket((shop.coffee, 1), store=before) | {"date": "2026-03-02T11:59:59"}
    late = (await shop.client.post("/api/ventes/", json=body)).json()

    assert taxes == [[("TVH", 0.13)], [("TVH", 0.15)], [("TVH", 0.15)], []]
    assert (late["date_affaires"], rates_of(late)) == ("2026-03-01", [("TVH", 0.13)])
    assert await sold_on(shop, "2010-06-30", store) == []


@pytest.mark.parametrize(("begins", "charged"), [("-infinity", [("TVH", 0.13)]), ("infinity", [])])
async def test_a_rate_from_before_the_bounds_of_dates_stops_no_sale(
    shop: Shop, begins: str, charged: list[tuple[str, float]]
) -> None:
    store = await open_store(shop, lieu_fiscal=(await add(shop))["lieu"])
    async with shop.engine.begin() as connection:
        await connection.execute(
            text(f"UPDATE tax_rates SET valid_from = '{begins}' WHERE place = 'ON'")
        )

    sale = await shop.sell((shop.coffee, 1), store=store)

    assert (sale.status_code, rates_of(sale.json())) == (201, charged)


async def test_a_new_rate_leaves_recorded_sales_as_they_are(shop: Shop) -> None:
    store = await open_store(shop)
    sale = (await shop.sell((shop.coffee, 8), store=store)).json()

    await add(shop, lieu="QC", code="TVQ", taux=0.2, du="2020-01-01")
    read = (await shop.client.get(f"/api/ventes/{sale['id']}")).json()

    assert read["taxes"] == sale["taxes"]
    assert read["lignes"] == as_read(sale)["lignes"]


async def test_a_rate_makes_its_place_and_its_class(shop: Shop) -> None:
    await add(shop, classe="Livre_papier", code="TPS", taux=0.05)
    book = await offer(shop, "livre_papier", 100)
    store = await open_store(shop, lieu_fiscal="on")

    sale = (await shop.sell((book, 1), (shop.coffee, 1), store=store)).json()
    elsewhere = (await shop.sell((book, 1), store=await open_store(shop))).json()

    assert [(tax["code"], tax["montant"]) for tax in sale["taxes"]] == [("TPS", 5)]
    assert [line["taxes"] for line in sale["lignes"]] == [5, 0]
    # The class has no rate at that place.
    assert elsewhere["taxes"] == []


async def test_the_same_rate_again_is_answered_and_another_one_is_refused(shop: Shop) -> None:
    first = await add(shop)

    again = await shop.client.post(RATES, json=ONTARIO | {"taux": "0.13"})
    other = await shop.client.post(RATES, json=ONTARIO | {"taux": 0.14})

    assert (again.status_code, again.json()) == (200, first)
    assert (other.status_code, other.json()["code"]) == (409, "taux-existant")
    assert "0.13" in other.json()["errors"][0]["detail"]
    assert (await shop.client.get(RATES, params={"lieu": "ON"})).json() == [first]


async def test_a_repeated_request_gets_its_first_answer(shop: Shop) -> None:
    key = {"idempotency-key": "rate-1"}

    first = await shop.client.post(RATES, json=ONTARIO, headers=key)
    again = await shop.client.post(RATES, json=ONTARIO, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("lieu", "Québec"),
        ("lieu", ""),
        ("classe", "a b"),
        ("classe", "x" * 21),
        ("code", "tvh"),
        ("taux", 1.1),
        ("taux", -0.1),
        ("taux", "0.0000001"),
        ("du", "hier"),
        ("du", "0001-01-01"),
        ("du", "9999-12-31"),
        ("au", "2030-01-01"),
    ],
)
async def test_a_rate_that_makes_no_sense_is_refused(
    shop: Shop, member: str, value: object
) -> None:
    answer = await shop.client.post(RATES, json=ONTARIO | {member: value})

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/{member}"]


async def test_a_class_has_five_taxes_at_a_place_however_many_are_added_at_once(
    shop: Shop,
) -> None:
    bodies = [ONTARIO | {"code": f"T{n}"} for n in range(8)]

    answers = await asyncio.gather(*(shop.client.post(RATES, json=body) for body in bodies))
    refused = [answer for answer in answers if answer.status_code != 201]

    assert len(refused) == 3
    assert {(each.status_code, each.json()["code"]) for each in refused} == {(409, "trop-de-taxes")}
    assert len((await shop.client.get(RATES, params={"lieu": "ON"})).json()) == 5


async def take_back(shop: Shop, rate: dict[str, Any]) -> httpx.Response:
    return await shop.client.delete(f"{RATES}{rate['id']}")


class ADayAhead(datetime):
    """The clock of an API on the day after."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(days=1)


def today_in(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()


async def test_a_rate_that_has_not_begun_is_taken_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process knows the rate; a sale of the day on which it would have begun shows so."""
    zone = "America/Regina"
    tomorrow = today_in(zone) + timedelta(days=1)
    await add(shop)
    mistyped = await add(shop, taux=0.31, du=tomorrow.isoformat())
    store = await open_store(shop, fuseau=zone, lieu_fiscal="ON")
    monkeypatch.setattr(record_sale, "datetime", ADayAhead)
    body = shop.basket((shop.coffee, 1), store=store)
    before = (await shop.client.post("/api/ventes/", json=body)).json()

    answer = await take_back(shop, mistyped)

    after = (await shop.client.post("/api/ventes/", json=body)).json()
    assert (answer.status_code, answer.json()) == (200, mistyped)
    assert [rates_of(sale) for sale in (before, after)] == [[("TVH", 0.31)], [("TVH", 0.13)]]
    # The date is free for the rate that was meant.
    await add(shop, taux=0.14, du=tomorrow.isoformat())
    assert (await take_back(shop, mistyped)).json()["code"] == "taux-introuvable"


async def test_a_rate_that_has_begun_in_one_store_is_not_taken_back(shop: Shop) -> None:
    # It is never the same day in both.
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await open_store(shop, fuseau=zone)
    begun = await add(shop, du=today_in("Pacific/Kiritimati").isoformat())

    answer = await take_back(shop, begun)

    assert (answer.status_code, answer.json()["code"]) == (409, "taux-en-vigueur")
    assert (await shop.client.get(RATES, params={"lieu": "ON"})).json() == [begun]


async def test_each_change_of_a_rate_is_announced_with_who_made_it(shop: Shop) -> None:
    rate = await add(shop, du="2999-12-31")
    again = await shop.client.post(RATES, json=ONTARIO | {"du": "2999-12-31"})
    assert again.status_code == 200
    await take_back(shop, rate)

    async with shop.engine.connect() as connection:
        statement = "SELECT key, actor, payload FROM outbox WHERE type ~ 'tax-rate' ORDER BY id"
        found = (await connection.execute(text(statement))).all()
    assert {(event.key, event.actor) for event in found} == {("tax:ON", "test/head-office")}
    told = [json.loads(event.payload) for event in found]
    for body in told:
        Draft202012Validator(SCHEMAS["tax-rate-changed.v1"]).validate(body)
    assert [body["change"] for body in told] == ["added", "taken-back"]
    assert {(body["rate_id"], body["rate"]) for body in told} == {(rate["id"], "0.130000")}


async def test_of_two_who_take_a_rate_back_one_does(shop: Shop) -> None:
    rate = await add(shop, du="2999-12-31")

    answers = await asyncio.gather(*(take_back(shop, rate) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 404]
