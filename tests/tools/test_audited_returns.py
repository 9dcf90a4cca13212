"""The audit of a running system compares returns with receipts, with their events and the stock."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit import events, sales_side, stock_side
from sales_service.use_cases import record_return
from tests.sales_service.conftest import Shop
from tests.sales_service.conftest import shop as shop
from tests.sales_service.test_returns import bring_back, sold, units

MOVED = """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    SELECT {store}, {product}, delta, 2, {version} + n, kind, CAST('{id}' AS uuid), now()
    FROM (VALUES (1, 2, 'return'), (2, -1, 'loss')) AS moved(n, delta, kind)
"""
UNKNOWN = "0199c2a4-7c1e-7000-8000-000000000001"


async def run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def look(shop: Shop) -> dict[str, list[str]]:
    async with AsyncSession(shop.engine) as session:
        return {name: await check(session) for name, check in sales_side.CHECKS.items()}


async def returned(shop: Shop) -> str:
    """Bring two of three units back, one of them lost."""
    sale = await sold(shop, (shop.coffee, 3))
    body = units((1, 1), (1, 1))
    body["lignes"][1]["remise_en_stock"] = False
    return str((await bring_back(shop, sale, body, **{"Idempotency-Key": "k"})).json()["id"])


async def test_nothing_is_found_while_all_is_well(shop: Shop) -> None:
    await returned(shop)

    assert not any((await look(shop)).values())


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE return_lines SET quantity = 2", "no more comes back than was sold"),
        ("UPDATE return_lines SET amount_cents = 2000", "no more comes back than was sold"),
        ("UPDATE return_lines SET sale_line_no = 2", "no more comes back than was sold"),
        ("UPDATE returns SET total_cents = 9999", "no more comes back than was sold"),
        ("UPDATE sales SET status = 'cancelled'", "no more comes back than was sold"),
        # All units came back for less than was paid for them.
        ("UPDATE sale_lines SET quantity = 2", "no more comes back than was sold"),
        ("UPDATE returns SET tax_cents = 1", "returns are the sums of their lines"),
        ("UPDATE return_lines SET tax_cents = 0", "returns are the sums of their lines"),
        ("DELETE FROM outbox WHERE type LIKE '%return%'", "returns are announced"),
        (
            "UPDATE idempotency_keys SET resource_id = gen_random_uuid()::text",
            "keys have one effect",
        ),
    ],
)
async def test_what_is_spoilt_is_found_by_its_check(shop: Shop, statement: str, check: str) -> None:
    await returned(shop)

    await run(shop.engine, statement)

    assert (await look(shop))[check]


async def compared(shop: Shop, stock_engine: AsyncEngine) -> list[str]:
    async with AsyncSession(shop.engine) as sales, AsyncSession(stock_engine) as stock:
        return await stock_side.compare_returns(sales, stock)


async def test_the_stock_moves_what_came_back(shop: Shop, stock_engine: AsyncEngine) -> None:
    id = await returned(shop)
    assert await compared(shop, stock_engine) == []  # it is on its way

    await run(
        shop.engine, "UPDATE outbox SET published_at = now(), kafka_partition = 0, kafka_offset = 5"
    )
    await run(
        stock_engine,
        "INSERT INTO consumer_positions (consumer, topic, partition,"
        " next_offset) VALUES ('stock-service', 'sales.events.v1', 0, 6)",
    )
    [missing] = await compared(shop, stock_engine)
    assert id in missing

    place = {"store": shop.permissive, "product": shop.coffee}
    await run(stock_engine, MOVED.format(**place, id=id, version=0))
    assert await compared(shop, stock_engine) == []

    await run(stock_engine, MOVED.format(**place, id=UNKNOWN, version=2))
    [surplus] = await compared(shop, stock_engine)
    assert UNKNOWN in surplus


async def test_a_return_with_the_id_of_a_sale_is_no_end_of_it(
    shop: Shop, stock_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale, other = [await sold(shop, (shop.coffee, 1)) for _ in range(2)]

    async def look_away(*_: object) -> bool:
        return False

    # Such a return is refused; one from before that may be there.
    monkeypatch.setattr(record_return, "is_sale", look_away)
    answer = await bring_back(shop, sale, units((1, 1), retour_id=other["id"]))
    # Each request of a traced till has a trace of its own.
    await run(
        shop.engine,
        "UPDATE outbox SET traceparent = '00-' || md5(id::text) || '-00f067aa0ba902b7-01'",
    )

    assert answer.status_code == 201
    assert not any((await look(shop)).values())
    async with AsyncSession(shop.engine) as sales, AsyncSession(stock_engine) as stock:
        assert await events.compare_traces(sales, stock) == []
