"""Who did what: from a key at a till, through Kafka, to the head office's journal."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.keys import ensure_store_key
from tests.fixtures.chain import Chain
from tests.fixtures.postgres import engine_on
from tests.fixtures.system import RunningSystem
from tests.fixtures.waiting import eventually


async def test_the_journal_tells_who_sold_and_who_moved_stock(
    chain: Chain, running_system: RunningSystem
) -> None:
    store, coffee = await chain.open_store(), await chain.add_product(4.5)
    layout = running_system.stack.layout
    till = await ensure_store_key(layout, "till", store)
    manager = await ensure_store_key(layout, "manager", store)
    await chain.receive(store, {coffee: 10})
    lines = [{"produit_id": coffee, "quantite": 1}]

    sold = await chain.sales.post(
        "/api/ventes/", json={"magasin_id": store, "panier": lines}, headers={"x-token": till}
    )
    moved = await chain.stock.post(
        "/api/stock/mouvements",
        json={"magasin_id": store, "type": "reception", "lignes": lines},
        headers={"x-token": manager},
    )

    assert (sold.status_code, moved.status_code) == (201, 201)
    acts = [
        ("magasin_modifie", "head-office"),
        ("mouvement", "head-office"),
        ("mouvement", "manager"),
        ("vente_enregistree", "till"),
    ]

    async def journal() -> list[tuple[str, str]]:
        answer = await chain.report.get("/api/journal", params={"magasin_id": store})
        entries: list[dict[str, Any]] = answer.json()
        return sorted((each["type"], each["acteur"].rpartition("/")[2]) for each in entries)

    await eventually(journal, acts)
    mine = await chain.report.get("/api/journal", headers={"x-token": till})
    assert mine.status_code == 403


async def test_what_nobody_has_asked_for_names_the_process(
    chain: Chain, running_system: RunningSystem
) -> None:
    async with engine_on(running_system.stack.layout.database_url("sales")) as engine:
        await eventually(lambda: actors_of_heartbeats(engine), {"sales-worker"})


async def actors_of_heartbeats(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        statement = "SELECT actor FROM outbox WHERE type = 'sales.events-published.v1'"
        return set((await connection.execute(text(statement))).scalars())
