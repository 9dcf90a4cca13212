"""The audit finds a voided sale whose goods are not back, or that has another end besides."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit import sales_side, stock_side

SALE = UUID("0199c2a4-7c1e-7000-8000-000000000001")
_CATALOGUE = (
    """
    INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency,
        stock_policy, taxes)
    VALUES (3, 'Plateau', '', '', 'store', 'UTC', 0, 'CAD', 'strict', '[]')
    """,
    """
    INSERT INTO products (id, sku, name, description, category, unit_price)
    VALUES (1, '1', 'Café', '', 'Épicerie', 1)
    """,
)
_SALE = (
    """
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id,
        void_origin, voided_at)
    VALUES (:id, 3, '3-000001', 'voided', 'strict', now(), 0, now(), CURRENT_DATE, 12, 'CAD', '[]',
        200, 0, 'till', 'till', now())
    """,
    """
    INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity,
        unit_price, amount_cents, tax_cents)
    VALUES (:id, 1, 1, 'Café', 'Épicerie', 2, 1, 200, 0)
    """,
)
_EVENT = """
    INSERT INTO outbox (event_id, topic, key, type, subject, payload, published_at, kafka_partition,
        kafka_offset)
    VALUES (gen_random_uuid(), 'sales.events.v1', '3', 'sales.' || :kind || '.v1', :subject, '{}',
        now(), 0, :offset)
"""
_DECISION = """
    INSERT INTO sale_decisions (sale_id, store_id, outcome, decided_at)
    VALUES (:id, 3, :outcome, now())
"""
_MOVEMENT = """
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        document_id, occurred_at)
    VALUES (3, 1, -2, -2, 1, 'sale', :id, now())
"""
_POSITION = """
    INSERT INTO consumer_positions (consumer, topic, partition, next_offset)
    VALUES ('stock-service', 'sales.events.v1', 0, :next)
"""


async def execute(engine: AsyncEngine, statement: str, **values: object) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def record(engine: AsyncEngine, kinds: Sequence[str]) -> None:
    """Write the voided sale with events of these kinds, in their order."""
    for statement in _CATALOGUE:
        await execute(engine, statement)
    for statement in _SALE:
        await execute(engine, statement, id=SALE)
    for offset, kind in enumerate(kinds):
        await execute(engine, _EVENT, kind=kind, subject=str(SALE), offset=offset)


@pytest.mark.parametrize(
    ("outcome", "read", "is_found"),
    [
        ("returned", 2, False),
        ("refused", 2, False),
        ("withdrawn", 2, True),
        # The stock has not read the void yet.
        ("withdrawn", 1, False),
    ],
)
async def test_the_goods_of_a_voided_sale_are_back(
    sales_engine: AsyncEngine, stock_engine: AsyncEngine, outcome: str, read: int, is_found: bool
) -> None:
    await record(sales_engine, ["sale-recorded", "sale-voided"])
    await execute(stock_engine, _DECISION, id=SALE, outcome=outcome)
    if outcome != "refused":
        await execute(stock_engine, _MOVEMENT, id=SALE)
    await execute(stock_engine, _POSITION, next=read)

    async with AsyncSession(sales_engine) as sales, AsyncSession(stock_engine) as stock:
        found = await stock_side.compare(sales, stock)

    assert [str(SALE) in each for each in found] == [True] * is_found


@pytest.mark.parametrize(
    ("kinds", "is_found"),
    [
        (["sale-recorded", "sale-voided"], False),
        (["sale-recorded", "sale-confirmed", "sale-voided"], False),
        (["sale-recorded", "sale-rejected", "sale-voided"], True),
        (["sale-recorded", "sale-cancelled", "sale-voided"], True),
    ],
)
async def test_a_voided_sale_has_no_other_end(
    sales_engine: AsyncEngine, kinds: list[str], is_found: bool
) -> None:
    await record(sales_engine, kinds)

    async with AsyncSession(sales_engine) as sales:
        found = await sales_side.check_one_end(sales)

    assert bool(found) == is_found, found


async def test_a_voided_sale_has_the_event_of_its_void(sales_engine: AsyncEngine) -> None:
    await record(sales_engine, ["sale-recorded", "sale-confirmed"])

    async with AsyncSession(sales_engine) as sales:
        assert len(await sales_side.check_announced(sales)) == 1
