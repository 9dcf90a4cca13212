"""Alerts open and close with the levels that cause them, whatever changes these."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from uuid_utils.compat import uuid7

from stock_service.use_cases.watch_levels import apply_limits
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    level_declared,
    product_changed,
    reception,
    sale_recorded,
    sale_voided,
    store_changed,
)
from tests.stock_service.conftest import Stock

MOVEMENTS = "/api/stock/mouvements"
ALERTS = "/api/stock/alertes"
THRESHOLDS = "/api/stock/seuils"


@pytest.fixture
def statements(stock_engine: AsyncEngine) -> list[str]:
    """Return the statements that the consumers run, as they run them."""
    run: list[str] = []

    @event.listens_for(stock_engine.sync_engine, "before_cursor_execute")
    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        run.append(statement)

    return run


async def open_stores(stock: Stock) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE, policy="permissive"))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))


async def kinds(api: httpx.AsyncClient, **parameters: Any) -> list[str]:
    """Return the types of the open alerts of the store, in alphabetical order."""
    listed = (await api.get(ALERTS, params={"magasin_id": STORE, **parameters})).json()
    assert listed["nombre"] == len(listed["alertes"])
    return sorted(each["type"] for each in listed["alertes"])


async def limit(api: httpx.AsyncClient, **thresholds: Any) -> httpx.Response:
    answer = await api.put(THRESHOLDS, json={"magasin_id": None, **thresholds})
    assert answer.status_code == 200, answer.text
    return answer


async def follow(stock: Stock) -> None:
    """Have the worker look at all levels whose limits have changed."""
    has_more = True
    while has_more:
        async with AsyncSession(stock.engine) as session, session.begin():
            has_more = await apply_limits(session, 2)


async def sell(stock: Stock, units: int, policy: str = "permissive") -> Any:
    sale = sale_recorded((COFFEE, units), policy=policy)
    await stock.receive(sale)
    return sale


async def test_a_sale_of_the_last_unit_opens_and_a_void_closes(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 2)))

    assert await kinds(api) == []
    sale = await sell(stock, 2)
    assert await kinds(api) == ["rupture"]
    await sell(stock, 1)
    assert await kinds(api) == ["negatif", "rupture"]
    await stock.receive(sale_voided(sale))

    assert await kinds(api) == []
    assert await kinds(api, statut="fermee") == ["negatif", "rupture"]


async def test_low_closes_a_margin_above_its_threshold(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 21)))
    await limit(api, magasin_id=STORE, produit_id=COFFEE, seuil=20)
    assert await kinds(api) == []

    await sell(stock, 1)
    assert await kinds(api) == ["stock_bas"]
    # It hovers around the threshold: one alert stays open.
    for units in (1, 1, 0):
        await api.post(MOVEMENTS, json=reception((COFFEE, 2)))
        assert await kinds(api) == ["stock_bas"]
        await sell(stock, units + 1)
    await api.post(MOVEMENTS, json=reception((COFFEE, 2)))

    assert await kinds(api) == []
    opened, closed = [each.body for each in await stock.outbox("stock.alert-changed.v1")][-2:]
    assert (opened["kind"], opened["is_open"], opened["limit"]) == ("low", True, 20)
    assert (closed["alert_id"], closed["is_open"]) == (opened["alert_id"], False)
    assert (opened["version"], closed["version"]) == (1, 2)
    assert closed["on_hand"] == 23


async def test_a_level_at_its_target_closes_what_is_open(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await open_stores(stock)
    limits = {"seuil": 50, "point_commande": 50, "cible": 52, "maximum": 52}
    await limit(api, magasin_id=STORE, produit_id=COFFEE, **limits)
    await api.post(MOVEMENTS, json=reception((COFFEE, 40)))
    assert await kinds(api) == ["stock_bas"]

    await api.post(MOVEMENTS, json=reception((COFFEE, 12)))
    assert await kinds(api) == []
    await api.post(MOVEMENTS, json=reception((COFFEE, 1)))
    assert await kinds(api) == ["surstock"]
    await sell(stock, 1)
    assert await kinds(api) == []


async def test_reservations_change_what_is_available(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 3)))
    lines = [{"produit_id": COFFEE, "quantite": 3}]
    body = {"magasin_id": STORE, "lignes": lines, "reservation_id": str(uuid7())}
    reserved = await api.post("/api/stock/reservations", json=body)
    assert reserved.status_code == 201, reserved.text
    assert await kinds(api) == ["rupture"]

    await stock.receive(level_declared("count", 2))
    assert await kinds(api) == ["rupture", "sous_reserve"]
    await api.delete(reserved.headers["location"])

    assert await kinds(api) == []


async def test_a_lot_opens_alerts_too(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 5), (TEA, 5)))
    lines = [
        {"magasin_id": STORE, "produit_id": product, "quantite": -5} for product in (COFFEE, TEA)
    ]
    body = {"type": "ajustement", "motif": "casse", "lignes": lines}
    posted = await api.post(f"{MOVEMENTS}/lots", json=body, headers={"Idempotency-Key": "lot"})
    assert posted.status_code == 201, posted.text

    assert await kinds(api) == ["rupture", "rupture"]


async def test_limits_are_those_of_the_nearest_scope(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    for store_id in (STORE, OTHER_STORE):
        await api.post(MOVEMENTS, json=reception((COFFEE, 10), (TEA, 10), magasin_id=store_id))

    async def low() -> set[tuple[int, int]]:
        await follow(stock)
        listed = (await api.get(ALERTS, params={"type": "stock_bas"})).json()["alertes"]
        return {(each["magasin_id"], each["produit_id"]) for each in listed}

    await limit(api, seuil=10)
    assert await low() == {(s, p) for s in (STORE, OTHER_STORE) for p in (COFFEE, TEA)}
    await limit(api, magasin_id=STORE, seuil=4)
    assert await low() == {(OTHER_STORE, COFFEE), (OTHER_STORE, TEA)}
    await limit(api, produit_id=TEA, seuil=12)
    assert await low() == {(OTHER_STORE, COFFEE), (OTHER_STORE, TEA), (STORE, TEA)}
    await limit(api, magasin_id=STORE, produit_id=TEA, seuil=3)
    assert await low() == {(OTHER_STORE, COFFEE), (OTHER_STORE, TEA)}
    await limit(api)
    assert await low() == {(OTHER_STORE, TEA)}


async def test_thresholds_of_one_level_take_effect_at_once(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 10)))

    await limit(api, magasin_id=STORE, produit_id=COFFEE, seuil=10, maximum=50)
    assert await kinds(api) == ["stock_bas"]
    await limit(api, magasin_id=STORE, produit_id=COFFEE, maximum=9)
    assert await kinds(api) == ["surstock"]
    await limit(api, magasin_id=STORE, produit_id=COFFEE)
    assert await kinds(api) == []


async def test_a_product_that_a_store_never_had_counts_where_the_store_wants_it(
    stock: Stock, api: httpx.AsyncClient
) -> None:
    await open_stores(stock)
    await stock.receive(sale_recorded((TEA, 1)))  # refused: its level is a row without movements
    await limit(api, seuil=5)
    await follow(stock)
    assert await kinds(api) == []

    await limit(api, magasin_id=STORE, produit_id=COFFEE, cible=10)
    assert await kinds(api) == ["rupture", "stock_bas"]


async def test_what_is_closed_has_no_alerts(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 1)))
    await sell(stock, 1)
    assert await kinds(api) == ["rupture"]

    for version, is_active, expected in ((2, False, []), (3, True, ["rupture"])):
        await stock.receive(store_changed(version=version, is_active=is_active))
        await follow(stock)
        assert await kinds(api) == expected
    await stock.receive(store_changed(version=4))
    assert await stock.execute("SELECT * FROM limit_changes") == []


async def test_a_plain_sale_writes_nothing_about_alerts(
    stock: Stock, api: httpx.AsyncClient, statements: list[str]
) -> None:
    await open_stores(stock)
    await limit(api, magasin_id=STORE, produit_id=COFFEE, seuil=2)
    await api.post(MOVEMENTS, json=reception((COFFEE, 10)))
    statements.clear()

    await sell(stock, 3)

    assert not [each for each in statements if "stock_alerts" in each or "thresholds" in each]
    await sell(stock, 5)
    assert [each for each in statements if "stock_alerts" in each]
    assert not [each for each in statements if "thresholds" in each]


async def test_an_alert_is_acknowledged_once(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 1)))
    await sell(stock, 1)
    [alert] = (await api.get(ALERTS)).json()["alertes"]
    url = f"{ALERTS}/{alert['alerte_id']}"

    first = await api.post(f"{url}/acquittement", headers={"Idempotency-Key": "seen"})
    second = await api.post(f"{url}/acquittement", headers={"x-token": "key-of-head-office"})
    replayed = await api.post(f"{url}/acquittement", headers={"Idempotency-Key": "seen"})

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json() == replayed.json() == (await api.get(url)).json()
    assert first.json()["acquittee_par"] == "test/manager"
    assert replayed.headers["idempotent-replayed"] == "true"
    assert [each.body["version"] for each in await stock.outbox("stock.alert-%")] == [1, 2]
    assert await kinds(api, acquittee="true") == ["rupture"]
    assert await kinds(api, acquittee="false") == []


async def test_a_closed_alert_is_not_acknowledged(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    await api.post(MOVEMENTS, json=reception((COFFEE, 1)))
    await sell(stock, 1)
    [alert] = (await api.get(ALERTS)).json()["alertes"]
    await api.post(MOVEMENTS, json=reception((COFFEE, 1)))

    refused = await api.post(f"{ALERTS}/{alert['alerte_id']}/acquittement")

    assert (refused.status_code, refused.json()["code"]) == (409, "alerte-fermee")


async def test_an_unknown_alert_is_not_found(stock: Stock, api: httpx.AsyncClient) -> None:
    url = f"{ALERTS}/{uuid4()}"
    for answer in await api.get(url), await api.post(f"{url}/acquittement"):
        assert (answer.status_code, answer.json()["code"]) == (404, "alerte-introuvable")


async def test_pages_tell_how_many_there_are_in_all(stock: Stock, api: httpx.AsyncClient) -> None:
    await open_stores(stock)
    products = [100 + number for number in range(7)]
    await stock.receive(*(product_changed(each) for each in products))
    await api.post(MOVEMENTS, json=reception(*((each, 1) for each in products)))
    for each in products:
        await stock.receive(sale_recorded((each, 1), policy="permissive"))  # type: ignore[arg-type]

    seen: list[int] = []
    url: str | None = f"{ALERTS}?limite=3&type=rupture"
    while url:
        answer = await api.get(url)
        assert answer.json()["nombre"] == 7
        seen += [each["produit_id"] for each in answer.json()["alertes"]]
        url = answer.links["next"]["url"] if "next" in answer.links else None

    assert seen == products[::-1]
