"""The ledger's kinds become English while processes of the version before still run."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from stock_service.db.movements import find_withdrawn
from tests.fixtures.postgres import database, engine_on, migrate
from tests.stock_service.builders import COFFEE, STORE, sale_cancelled, sale_recorded
from tests.stock_service.conftest import Stock

BEFORE, EXPANDED = "0003", "0004"
OLD, NEW = "stock_movements", "movements"

# The statements of the version before migration 0004.
_OLD_INSERT = """
    INSERT INTO stock_movements (store_id, product_id, delta, balance_after, level_version, kind,
        reason, document_id, occurred_at)
    SELECT store_id, product_id, delta, balance_after, level_version, kind, reason, document_id,
        occurred_at
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]), CAST(:deltas AS bigint[]),
        CAST(:balances AS bigint[]), CAST(:versions AS bigint[]), CAST(:kinds AS text[]),
        CAST(:reasons AS text[]), CAST(:document_ids AS uuid[]),
        CAST(:occurred_at AS timestamptz[])) WITH ORDINALITY
        AS m(store_id, product_id, delta, balance_after, level_version, kind, reason, document_id,
            occurred_at, n)
    ORDER BY n
"""
_OLD_FIND_WITHDRAWN = """
    SELECT document_id, product_id, -delta AS quantity FROM stock_movements
    WHERE document_id = ANY(CAST(:sale_ids AS uuid[])) AND kind = 'vente'
    ORDER BY document_id, product_id
"""


@pytest.fixture
async def stock(postgres_admin_url: str) -> AsyncIterator[Stock]:
    """Return a stock from before the migration."""
    async with database(postgres_admin_url) as url, engine_on(url) as engine:
        await asyncio.to_thread(migrate, "stock", url, BEFORE)
        yield Stock(engine)


async def upgrade(engine: AsyncEngine, revision: str) -> None:
    url = engine.url.render_as_string(hide_password=False)
    await asyncio.to_thread(migrate, "stock", url, revision)


async def insert_as_before(stock: Stock, version: int, kind: str, document_id: UUID) -> None:
    sale = sale_recorded((COFFEE, 1)).body
    await stock.execute(
        _OLD_INSERT,
        store_ids=[STORE],
        product_ids=[COFFEE],
        deltas=[-1],
        balances=[-version],
        versions=[version],
        kinds=[kind],
        reasons=[None],
        document_ids=[document_id],
        occurred_at=[sale.sold_at],
    )


async def kinds(stock: Stock, ledger: str) -> list[str]:
    return [row.kind for row in await stock.execute(f"SELECT kind FROM {ledger} ORDER BY id")]


async def test_old_and_new_rows_are_english_inside_and_french_for_old_processes(
    stock: Stock,
) -> None:
    french = ["vente", "annulation", "reception", "ajustement"]
    english = ["sale", "cancellation", "reception", "adjustment"]
    for version, kind in enumerate(french, 1):
        await insert_as_before(stock, version, kind, uuid4())

    await upgrade(stock.engine, EXPANDED)
    for version, kind in enumerate(french, 5):
        await insert_as_before(stock, version, kind, uuid4())
    assert await kinds(stock, OLD) == french * 2

    await upgrade(stock.engine, "head")
    await insert_as_before(stock, 9, "vente", uuid4())
    assert await kinds(stock, NEW) == [*english * 2, "sale"]
    assert await kinds(stock, OLD) == [*french * 2, "vente"]


async def test_an_old_and_a_new_process_see_each_others_movements(stock: Stock) -> None:
    await upgrade(stock.engine, "head")
    of_new, of_old = sale_recorded((COFFEE, 2), policy="permissive"), uuid4()

    await stock.receive(of_new)
    await insert_as_before(stock, 2, "vente", of_old)

    seen = await stock.execute(_OLD_FIND_WITHDRAWN, sale_ids=[of_new.body.sale_id])
    assert [tuple(row) for row in seen] == [(of_new.body.sale_id, COFFEE, 2)]
    async with AsyncSession(stock.engine) as session:
        assert await find_withdrawn(session, [of_old]) == {of_old: {COFFEE: 1}}


async def test_a_sale_from_before_the_migration_can_be_cancelled_after_it(stock: Stock) -> None:
    sale = sale_recorded((COFFEE, 1))
    sale_id = sale.body.sale_id
    await stock.execute(
        "INSERT INTO stock_levels VALUES (:store, :product, -1, 1)", store=STORE, product=COFFEE
    )
    await insert_as_before(stock, 1, "vente", sale_id)
    await stock.execute(
        "INSERT INTO sale_decisions VALUES (:id, :store, 'withdrawn', now())",
        id=sale_id,
        store=STORE,
    )

    await upgrade(stock.engine, "head")
    await stock.receive(sale_cancelled(sale))

    assert await stock.ledger() == [("sale", -1, -1), ("cancellation", 1, 0)]
    assert await stock.levels() == {COFFEE: 0}


@pytest.mark.parametrize("revision", [EXPANDED, "head"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE movements SET delta = 1",
        "UPDATE movements SET kind = 'adjustment'",
        "UPDATE movements SET kind = 'sale', delta = 1",
        "DELETE FROM movements",
        "TRUNCATE movements",
    ],
)
async def test_the_ledger_is_append_only_at_each_step(
    stock: Stock, revision: str, statement: str
) -> None:
    await insert_as_before(stock, 1, "vente", uuid4())
    await upgrade(stock.engine, revision)

    with pytest.raises(DBAPIError, match="append-only"):
        await stock.execute(statement)


async def test_a_document_moves_a_level_once_in_either_version(stock: Stock) -> None:
    await upgrade(stock.engine, "head")
    document_id = uuid4()
    await insert_as_before(stock, 1, "vente", document_id)

    with pytest.raises(DBAPIError, match="document_id"):
        await stock.execute(
            """
            INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
                document_id, occurred_at)
            VALUES (:store, :product, -1, -2, 2, 'sale', :document_id, now())
            """,
            store=STORE,
            product=COFFEE,
            document_id=document_id,
        )
