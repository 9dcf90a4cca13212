"""A day closes once, with what its documents and its registers say; what comes later is apart."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from jsonschema import Draft202012Validator
from sqlalchemy import text
from uuid_utils.compat import uuid7

from sales_service.domain.business_day import today_in
from tests.contracts.test_examples import SCHEMAS
from tests.sales_service.conftest import Shop
from tests.sales_service.test_settling import open_sale
from tests.sales_service.test_voids import events

KEY = {"Idempotency-Key": "manager/closing"}
MANAGER = {"x-token": "manager"}


def today() -> date:
    return today_in(datetime.now(UTC), "America/Toronto", 0)


def address(shop: Shop, day: date | None = None, store: int | None = None) -> str:
    return f"/api/magasins/{store or shop.permissive}/journees/{day or today()}"


async def sell(shop: Shop, **more: Any) -> dict[str, Any]:
    answer = await shop.client.post("/api/ventes/", json=shop.basket((shop.coffee, 2)) | more)
    assert answer.status_code == 201, answer.text
    sold: dict[str, Any] = answer.json()
    return sold


async def take_back(shop: Shop, sale: dict[str, Any], **more: Any) -> None:
    body = {"lignes": [{"ligne": 1, "quantite": 1}], "retour_id": str(uuid7())} | more
    answer = await shop.client.post(f"/api/ventes/{sale['vente_id']}/retours", json=body)
    assert answer.status_code == 201, answer.text


async def move(shop: Shop, kind: str, amount: float | str, **more: Any) -> httpx.Response:
    body = {"type": kind, "montant": amount} | more
    url, key = f"{address(shop)}/mouvements-caisse", {"Idempotency-Key": str(uuid7())}
    return await shop.client.post(url, json=body, headers=key)


async def close(shop: Shop, day: date | None = None, **options: Any) -> httpx.Response:
    return await shop.client.post(f"{address(shop, day)}/cloture", **options)


async def read(shop: Shop, day: date | None = None) -> dict[str, Any]:
    answer = await shop.client.get(address(shop, day))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def run(shop: Shop, statement: str, **values: Any) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def closed_through(shop: Shop) -> date | None:
    async with shop.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT closed_through FROM stores WHERE id = :id"), {"id": shop.permissive}
        )
        day: date | None = found.scalar_one()
        return day


async def have_a_day(shop: Shop) -> None:
    """Sell in cash, by card and without payments; take back, void, and move cash."""
    await move(shop, "fonds", 100, caisse="caisse 1")
    await move(shop, "entree", 20, caisse="caisse 1")
    await move(shop, "sortie", 5.5, caisse="coffre", motif="Timbres")
    cash = await sell(shop, caisse="caisse 1", paiements=[{"moyen": "comptant", "montant": 30}])
    await sell(shop, paiements=[{"moyen": "debit", "montant": 28.74}])
    await sell(shop, remise={"montant": 5, "motif": "Fidélité"})
    await take_back(
        shop, cash, caisse="caisse 1", paiements=[{"moyen": "comptant", "montant": 14.4}]
    )
    wrong = await sell(shop, paiements=[{"moyen": "comptant", "montant": 50}])
    await shop.client.post(f"/api/ventes/{wrong['vente_id']}/annulation", json={"motif": "Erreur"})


async def test_the_totals_of_an_open_day_are_those_of_its_documents(shop: Shop) -> None:
    await have_a_day(shop)

    x = await read(shop)

    assert (x["statut"], x["cloture"], "ajustements" in x) == ("ouverte", None, False)
    totals = x["totaux"]
    assert totals["nombre_ventes"] == 3
    numbers = [totals["premier_numero"], totals["dernier_numero"]]
    assert numbers == [f"{shop.permissive}-000001", f"{shop.permissive}-000004"]
    assert (totals["ventes_brutes"], totals["remises"], totals["retours"]) == (75, 5, 12.5)
    assert (totals["total_ventes"], totals["nombre_retours"]) == (57.5, 1)
    assert (totals["annulations"], totals["nombre_annulations"]) == (25, 1)
    assert [tax["code"] for tax in totals["taxes_detail"]] == ["TPS", "TVQ"]
    assert (totals["taxes"], [tax["montant"] for tax in totals["taxes_detail"]]) == (
        8.6,
        [2.87, 5.73],
    )
    assert totals["paiements"] == [
        {"moyen": "comptant", "montant": 14.35},
        {"moyen": "debit", "montant": 28.74},
    ]
    assert totals["sans_paiement"] == 23


async def test_what_is_sold_with_taxes_is_what_was_paid_and_what_nobody_told(shop: Shop) -> None:
    await have_a_day(shop)

    totals = (await read(shop))["totaux"]

    paid = sum(each["montant"] for each in totals["paiements"])
    sold = totals["total_ventes"] + totals["taxes"] + totals["arrondi_especes"]
    assert round(paid + totals["sans_paiement"], 2) == round(sold, 2)


async def test_each_register_says_what_it_should_hold(shop: Shop) -> None:
    await have_a_day(shop)

    registers = {each["caisse"]: each for each in (await read(shop))["totaux"]["caisses"]}

    # The voided sale was given back: the register without a name has had no cash.
    assert set(registers) == {"caisse 1", "coffre"}
    till = registers["caisse 1"]
    assert (till["fonds"], till["entrees"], till["sorties"]) == (100, 20, 0)
    assert (till["ventes_comptant"], till["retours_comptant"]) == (28.75, 14.4)
    assert (till["attendu"], till["compte"], till["ecart"]) == (134.35, None, None)
    assert registers["coffre"]["attendu"] == -5.5


async def test_an_exchange_moves_only_the_cash_of_its_difference(shop: Shop) -> None:
    sold = await sell(shop, paiements=[{"moyen": "debit", "montant": 28.74}])
    body = {
        "retour": {"lignes": [{"ligne": 1, "quantite": 2}], "retour_id": str(uuid7())},
        "vente": {
            "panier": [{"produit_id": shop.coffee, "quantite": 1}],
            "vente_id": str(uuid7()),
        },
        "paiements": [{"moyen": "comptant", "montant": 14.35}],
        "caisse": "caisse 1",
    }
    answer = await shop.client.post(f"/api/ventes/{sold['vente_id']}/echanges", json=body)
    assert answer.status_code == 201, answer.text

    totals = (await read(shop))["totaux"]

    assert totals["paiements"] == [
        {"moyen": "comptant", "montant": -14.35},
        {"moyen": "debit", "montant": 28.74},
    ]
    [register] = totals["caisses"]
    assert (register["ventes_comptant"], register["retours_comptant"]) == (0, 14.35)


async def test_a_closing_seals_what_was_counted_and_says_who_closed(shop: Shop) -> None:
    await have_a_day(shop)
    x = (await read(shop))["totaux"]
    body = {"comptages": [{"caisse": "caisse 1", "montant": 134.1}], "motif": "Monnaie tombée"}

    answer = await close(shop, json=body, headers=MANAGER)

    assert (answer.status_code, answer.headers["location"]) == (201, address(shop))
    z = answer.json()
    assert z["cloture"]["par"] == "test/manager"
    assert (z["cloture"]["automatique"], z["cloture"]["motif"]) == (False, "Monnaie tombée")
    till, safe = z["totaux"]["caisses"]
    assert (till["compte"], till["ecart"], safe["compte"]) == (134.1, -0.25, None)
    # But for the count, the Z is the X of a moment before.
    uncounted = [each | {"compte": None, "ecart": None} for each in (till, safe)]
    assert z["totaux"] | {"caisses": uncounted} == x
    assert z["total"] == z["totaux"]
    assert await read(shop) == z
    assert await closed_through(shop) == today()


async def test_the_event_has_the_sealed_totals_and_who_closed(shop: Shop) -> None:
    await have_a_day(shop)
    await close(shop, json={"comptages": [{"montant": 3}]}, headers=MANAGER)

    [event] = await events(shop, "day-closed")

    body = json.loads(event.payload)
    assert (event.key, event.actor) == (str(shop.permissive), "test/manager")
    Draft202012Validator(SCHEMAS["day-closed.v1"]).validate(body)
    assert body["is_automatic"] is False
    assert (body["total_cents"], body["sale_count"], body["void_count"]) == (5750, 3, 1)
    counted = {each["register_id"]: each["counted_cents"] for each in body["registers"]}
    assert counted == {"caisse 1": None, "coffre": None, None: 300}


async def test_cash_is_announced_once_with_who_moved_it(shop: Shop) -> None:
    url = f"{address(shop)}/mouvements-caisse"
    body = {"type": "sortie", "montant": 5.5, "caisse": "coffre", "motif": "Timbres"}

    answers = [await shop.client.post(url, json=body, headers=MANAGER | KEY) for _ in range(2)]
    await close(shop)
    refused = await shop.client.post(url, json=body, headers=MANAGER | {"Idempotency-Key": "late"})

    assert [each.status_code for each in (*answers, refused)] == [201, 201, 409]
    [event] = await events(shop, "cash-moved")
    told = json.loads(event.payload)
    assert (event.key, event.actor) == (str(shop.permissive), "test/manager")
    Draft202012Validator(SCHEMAS["cash-moved.v1"]).validate(told)
    assert told["movement_id"] == answers[0].json()["id"]
    assert (told["register_id"], told["kind"], told["amount_cents"]) == ("coffre", "paid-out", 550)


async def test_the_same_key_again_gets_the_same_closing(shop: Shop) -> None:
    first = await close(shop, headers=KEY)

    again = await close(shop, headers=KEY)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await events(shop, "day-closed")) == 1


async def test_a_closed_day_is_not_closed_again_and_takes_no_cash(shop: Shop) -> None:
    await close(shop)

    for answer in (await close(shop), await move(shop, "fonds", 10)):
        assert (answer.status_code, answer.json()["code"]) == (409, "journee-close")
        assert answer.json()["journee"] == address(shop)
    assert len(await events(shop, "day-closed")) == 1


async def test_a_day_that_has_not_begun_is_not_closed(shop: Shop) -> None:
    answer = await close(shop, today() + timedelta(days=2))

    assert (answer.status_code, answer.json()["code"]) == (409, "journee-a-venir")
    assert await closed_through(shop) is None


async def test_a_day_with_pending_sales_waits(shop: Shop) -> None:
    await open_sale(shop)
    url = f"{address(shop, store=shop.strict)}/cloture"

    answer = await shop.client.post(url)

    assert (answer.status_code, answer.json()["code"]) == (409, "ventes-en-attente")
    await run(shop, "UPDATE sales SET status = 'rejected'")
    assert (await shop.client.post(url)).status_code == 201


async def test_earlier_open_days_are_closed_with_it_uncounted(shop: Shop) -> None:
    yesterday = today() - timedelta(days=1)
    await sell(shop, date=str(yesterday))
    await sell(shop)

    await close(shop, json={"comptages": [{"montant": 0}]})

    days = (await shop.client.get(f"/api/magasins/{shop.permissive}/journees")).json()
    assert [day["date_affaires"] for day in days] == [str(today()), str(yesterday)]
    assert [(day["nombre_ventes"], day["ecart"]) for day in days] == [(1, 0), (1, None)]
    told = [json.loads(event.payload) for event in await events(shop, "day-closed")]
    assert [body["business_date"] for body in told] == [str(yesterday), str(today())]


async def test_a_late_document_is_an_adjustment_and_the_z_stays(shop: Shop) -> None:
    await sell(shop)
    z = (await close(shop)).json()
    sold = await sell(shop, date=str(today()))
    await run(shop, "UPDATE sales SET is_late = true WHERE id = :id", id=sold["vente_id"])

    day = await read(shop)

    assert day["totaux"] == z["totaux"]
    assert (day["ajustements"]["nombre_ventes"], day["ajustements"]["total_ventes"]) == (1, 25)
    assert (day["total"]["nombre_ventes"], day["total"]["total_ventes"]) == (2, 50)
    assert day["total"]["dernier_numero"] == sold["numero"]


async def test_a_closed_day_without_documents_has_zeros_and_no_closing(shop: Shop) -> None:
    await close(shop)

    day = await read(shop, today() - timedelta(days=3))

    assert (day["statut"], day["cloture"]) == ("close", None)
    assert day["total"]["total_ventes"] == 0
    assert day["total"]["caisses"] == []


async def test_the_list_is_cut_into_pages(shop: Shop) -> None:
    days = [today() - timedelta(days=ago) for ago in range(2, -1, -1)]
    for day in days:
        await close(shop, day)
    url = f"/api/magasins/{shop.permissive}/journees"

    first = await shop.client.get(url, params={"limite": 2})
    second = await shop.client.get(first.links["next"]["url"])
    within = await shop.client.get(
        url, params={"date_debut": str(days[1]), "date_fin": str(days[1])}
    )

    listed = [each["date_affaires"] for each in first.json() + second.json()]
    assert listed == [str(day) for day in reversed(days)]
    assert "next" not in second.links
    assert [each["date_affaires"] for each in within.json()] == [str(days[1])]


async def test_a_register_is_counted_once(shop: Shop) -> None:
    body = {"comptages": [{"caisse": "A", "montant": 1}, {"caisse": "A", "montant": 2}]}

    answer = await close(shop, json=body)

    assert (answer.status_code, await closed_through(shop)) == (422, None)
