"""After a change through one instance, the other soon answers the new state, and no older one.

Each instance caches answers and keys while it hears of changes. A client that repeats a read on the
same instance must not get an older state.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.layout import SERVICES
from service_kit.http.api_keys import ensure_key
from service_kit.http.callers import hash_key
from tests.fixtures.chain import Chain
from tests.fixtures.http import open_client
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually

SOON_SECONDS = 2.0
CHANGES = 20


async def watch(observe: Callable[[], Awaitable[float]], last: float) -> list[float]:
    """Return all values that `observe` returns, up to the last one."""
    seen: list[float] = []

    async def look() -> float:
        seen.append(await observe())
        return seen[-1]

    await eventually(look, last)
    return seen


async def change_and_watch(
    change: Callable[[float], Awaitable[httpx.Response]],
    own: Callable[[], Awaitable[float]],
    other: Callable[[], Awaitable[float]],
) -> None:
    """Set 1, 2, 3, … up to `CHANGES` through one instance, and watch the other meanwhile."""
    watching = asyncio.create_task(watch(other, CHANGES))
    for value in range(1, CHANGES + 1):
        answer = await change(value)
        assert answer.is_success, answer.text
        # The instance that made a change answers the new state at once.
        assert await own() == value
    async with asyncio.timeout(SOON_SECONDS):
        seen = await watching
    assert seen == sorted(seen)


async def price_of(chain: Chain, product: int) -> float:
    found = await chain.sales.get("/api/produits/recherche", params={"critere": str(product)})
    [price] = [each["prix"] for each in found.json() if each["id"] == product]
    return float(price)


async def test_a_price_that_one_instance_changes_is_soon_the_other_ones(
    each_instance: list[Chain],
) -> None:
    one, other = each_instance
    product = await one.add_product(price=0.5)

    async def change(price: float) -> httpx.Response:
        body = {"nom": f"Produit {product}", "categorie": "Essais", "prix": price}
        return await one.sales.put(f"/api/produits/{product}", json=body)

    await change_and_watch(change, lambda: price_of(one, product), lambda: price_of(other, product))


async def test_goods_received_through_one_instance_are_soon_in_the_stock_of_the_other(
    each_instance: list[Chain],
) -> None:
    one, other = each_instance
    store, product = await one.open_store(), await one.add_product()
    await one.receive(store, {product: 1})

    async def change(level: float) -> httpx.Response:
        lines = [{"produit_id": product, "quantite": 1}]
        body = {"magasin_id": store, "type": "reception", "lignes": lines}
        # The first unit is there already.
        if level == 1:
            return await one.stock.get(f"/api/magasins/{store}/stock")
        return await one.stock.post("/api/stock/mouvements", json=body)

    await change_and_watch(
        change, lambda: one.level(store, product), lambda: other.level(store, product)
    )


async def test_a_sale_through_one_instance_is_in_the_reports_of_both(
    each_instance: list[Chain],
) -> None:
    one, other = each_instance
    store, product = await one.open_store("permissive"), await one.add_product(price=2.0)
    await one.receive(store, {product: 10})

    for number in range(1, 4):
        sold = await one.sell(store, {product: 1})
        for chain in (other, one):
            line = await chain.store_report(store, after=sold.json()["vente_id"])
            assert line["nombre_ventes"] == number


async def test_an_answer_that_has_not_changed_is_not_sent_again_by_any_instance(
    balanced: Chain, each_instance: list[Chain]
) -> None:
    store, product = await balanced.open_store("permissive"), await balanced.add_product()
    await balanced.receive(store, {product: 10})
    sold = await balanced.sell(store, {product: 1})
    await balanced.store_report(store, after=sold.json()["vente_id"])
    path = "/api/rapports/ventes"

    async def tags() -> set[str]:
        chains = [balanced, *each_instance]
        return {(await chain.report.get(path)).headers["etag"] for chain in chains}

    async def number_of_tags() -> int:
        return len(await tags())

    await eventually(number_of_tags, 1, within_seconds=SOON_SECONDS)
    [tag] = await tags()
    for chain in (balanced, *each_instance, balanced):
        answer = await chain.report.get(path, headers={"if-none-match": tag})
        assert (answer.status_code, answer.content) == (304, b"")

    sold = await balanced.sell(store, {product: 1})
    await balanced.store_report(store, after=sold.json()["vente_id"])

    for chain in (balanced, *each_instance):

        async def status(chain: Chain = chain) -> int:
            return (await chain.report.get(path, headers={"if-none-match": tag})).status_code

        await eventually(status, 200, within_seconds=SOON_SECONDS)


async def test_a_key_is_soon_known_and_soon_revoked_at_every_instance(
    several_instances: RunningSystem,
) -> None:
    layout, key = several_instances.stack.layout, f"key-{uuid4()}"
    paths = {"sales": "/api/magasins/", "stock": "/api/stock/", "report": "/api/ventes/rapport"}
    for service in SERVICES:
        urls = [layout.url(name) for name in layout.instances(f"{service}-api")]

        async def statuses(urls: list[str] = urls, path: str = paths[service]) -> list[int]:
            async with open_client(headers={"x-token": key}, timeout=30) as client:
                return [(await client.get(url + path)).status_code for url in urls]

        assert await statuses() == [401, 401]
        engine = create_async_engine(several_instances.database_url(service))
        async with engine.begin() as connection:
            await ensure_key(connection, key, "head-office", "instances")
        await eventually(statuses, [200, 200], within_seconds=SOON_SECONDS)
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE api_keys SET revoked_at = now() WHERE key_hash = :hash"),
                {"hash": hash_key(key)},
            )
        await eventually(statuses, [401, 401], within_seconds=SOON_SECONDS)
        await engine.dispose()
