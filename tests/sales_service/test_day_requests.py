"""Requests about days: what a date and an amount are, and when a day takes cash."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from tests.sales_service.conftest import Shop
from tests.sales_service.test_closing_days import (
    KEY,
    address,
    close,
    closed_through,
    move,
    read,
    today,
)


async def test_cash_after_the_closing_is_of_the_next_day(shop: Shop) -> None:
    await close(shop)
    tomorrow = today() + timedelta(days=1)

    moved = await pay_out(shop, tomorrow)
    later = await pay_out(shop, tomorrow + timedelta(days=1))

    assert (moved.status_code, later.json()["code"]) == (201, "journee-a-venir")
    # The store sells for tomorrow already, and still closes it tomorrow at the earliest.
    refused = await close(shop, tomorrow)
    assert (refused.status_code, refused.json()["code"]) == (409, "journee-a-venir")


async def pay_out(shop: Shop, day: date, **more: Any) -> httpx.Response:
    body = {"caisse": "A", "type": "sortie", "montant": 5, "motif": "Timbres"} | more
    key = {"Idempotency-Key": f"till/{day}"}
    return await shop.client.post(f"{address(shop, day)}/mouvements-caisse", json=body, headers=key)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("/api/magasins/x/journees/hier", ["magasin_id", "date"]),
        ("/api/produits/0", ["produit_id"]),
        ("/api/ventes/x", ["vente_id"]),
        ("/api/retours/x", ["retour_id"]),
        ("/api/cles/caisse-1/x", ["role"]),
    ],
)
async def test_a_bad_step_of_a_path_is_named_in_french(
    shop: Shop, path: str, parameters: list[str]
) -> None:
    answer = await shop.client.get(path)

    assert answer.status_code == 422
    assert [fault["parameter"] for fault in answer.json()["errors"]] == parameters


async def test_a_movement_without_a_key_is_refused_because_a_retry_would_count(shop: Shop) -> None:
    body = {"type": "fonds", "montant": 100}

    answer = await shop.client.post(f"{address(shop)}/mouvements-caisse", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "cle-requise")
    assert (await read(shop))["totaux"]["caisses"] == []


async def test_cash_that_leaves_has_a_reason_and_no_movement_is_of_nothing(shop: Shop) -> None:
    without = await pay_out(shop, today(), motif=None)
    nothing = await move(shop, "entree", 0)

    assert (without.status_code, nothing.status_code) == (422, 422)
    [fault], [other] = without.json()["errors"], nothing.json()["errors"]
    assert (fault["pointer"], fault["detail"]) == ("/motif", "Une sortie demande un motif.")
    assert (other["pointer"], other["code"]) == ("/montant", "greater_than")
    assert (await move(shop, "entree", 1)).status_code == 201


@pytest.mark.parametrize("day", [date(1, 1, 1), date(2020, 1, 1), today() - timedelta(days=9)])
async def test_a_day_of_long_ago_takes_no_cash_and_is_not_closed(shop: Shop, day: date) -> None:
    for answer in (await pay_out(shop, day), await close(shop, day), await close(shop, day)):
        assert (answer.status_code, answer.json()["code"]) == (409, "journee-trop-ancienne")
    assert await closed_through(shop) is None
    assert (await pay_out(shop, today() - timedelta(days=6))).status_code == 201


async def test_cash_has_whole_cents(shop: Shop) -> None:
    for amount in (1.005, "1.005", -1):
        assert (await move(shop, "fonds", amount)).status_code == 422
    # What binary arithmetic adds is no fraction of a cent.
    assert (await move(shop, "fonds", 0.1 + 0.2)).json()["montant"] == 0.3


async def test_blanks_around_the_name_of_a_register_mean_nothing(shop: Shop) -> None:
    await move(shop, "fonds", 1, caisse="C1")
    await move(shop, "fonds", 2, caisse=" C1 ")

    [register] = (await read(shop))["totaux"]["caisses"]
    assert (register["caisse"], register["fonds"]) == ("C1", 3)


@pytest.mark.parametrize("day", ["1795910400", "0", "20261129", "2026-11-29T00:00:00", "demain"])
async def test_a_day_is_written_as_a_date(shop: Shop, day: str) -> None:
    url = f"/api/magasins/{shop.permissive}/journees"
    for answer in (
        await shop.client.post(f"{url}/{day}/cloture"),
        await shop.client.get(url, params={"date_debut": day}),
    ):
        assert answer.status_code == 422
        [fault] = answer.json()["errors"]
        assert fault["detail"] == "Une date AAAA-MM-JJ est attendue."
    assert await closed_through(shop) is None


async def test_an_unknown_store_has_no_days(shop: Shop) -> None:
    answer = await shop.client.get("/api/magasins/9999/journees")

    assert (answer.status_code, answer.json()["code"]) == (404, "magasin-introuvable")


async def test_an_unknown_kind_of_movement_is_told_in_french(shop: Shop) -> None:
    [fault] = (await move(shop, "x", 1)).json()["errors"]

    assert fault["detail"] == "Valeur attendue : 'fonds', 'entree' ou 'sortie'."


async def test_a_cash_movement_is_recorded_once_under_its_key(shop: Shop) -> None:
    url, body = f"{address(shop)}/mouvements-caisse", {"type": "fonds", "montant": 100}

    first = await shop.client.post(url, json=body, headers=KEY)
    again = await shop.client.post(url, json=body, headers=KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert (await read(shop))["totaux"]["caisses"][0]["fonds"] == 100


async def test_the_cash_of_a_day_is_listed_with_who_moved_it(shop: Shop) -> None:
    for amount in (1, 2, 3):
        await move(shop, "fonds", amount, caisse="C1", motif="Matin")
    url = f"{address(shop)}/mouvements-caisse"

    first = await shop.client.get(url, params={"limite": 2})
    rest = await shop.client.get(first.links["next"]["url"])

    shown = [*first.json(), *rest.json()]
    assert [each["montant"] for each in shown] == [1, 2, 3]
    assert {(each["caisse"], each["type"], each["motif"], each["par"]) for each in shown} == {
        ("C1", "fonds", "Matin", "test/head-office")
    }
    assert "next" not in rest.links
    before = f"{address(shop, today() - timedelta(days=1))}/mouvements-caisse"
    assert (await shop.client.get(before)).json() == []
