"""The report's projections of the sales in `seed`: by the consumer's own code, or by statements.

The consumer's code takes minutes for millions of sales; the statements are checked against it,
table by table, on a smaller number of the same kind of sales.
"""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, time
from itertools import groupby
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from infra.tools.measure.bench.seed_tables import (
    LINES_OF_BASKETS,
    PARTITIONS,
    PRODUCTS,
    STORES,
    TOTAL,
)
from report_service.events.consumed import (
    ProductChanged,
    SaleLine,
    SaleRecorded,
    StockLevel,
    StockLevelsChanged,
    StoreChanged,
)
from report_service.projections.catalogue import keep_products, keep_stores
from report_service.projections.sales import count_sales
from report_service.projections.stock_levels import keep_levels

BATCH = 5000
_NOON = time(12, tzinfo=UTC)


async def project_catalogue(database_url: str, levels: Iterable[asyncpg.Record]) -> None:
    """Labels and stock levels, by the consumers' code."""
    engine = create_async_engine(database_url)
    async with AsyncSession(engine) as session, session.begin():
        await keep_stores(
            session,
            [StoreChanged(n, 1, f"Magasin {n}", "Montréal", "store") for n in range(1, STORES + 1)],
        )
        await keep_products(
            session,
            [
                ProductChanged(n, 1, f"P{n}", f"Produit {n}", f"Rayon {n % 20}")
                for n in range(1, PRODUCTS + 1)
            ],
        )
        for store_id, rows in groupby(levels, key=lambda row: int(row["magasin_id"])):
            changed = [StockLevel(row["produit_id"], row["quantite"], 1) for row in rows]
            await keep_levels(session, [StockLevelsChanged(store_id, changed)])
    await engine.dispose()


async def project_by_consumer(
    connection: "asyncpg.Connection[asyncpg.Record]", database_url: str
) -> None:
    """Every sale as the event that its consumer gets, in batches of one partition."""
    engine = create_async_engine(database_url)
    for partition in range(PARTITIONS):
        async for batch in _read_events(connection, partition):
            async with AsyncSession(engine) as session, session.begin():
                await count_sales(session, batch, stripe=partition)
    await engine.dispose()


async def _read_events(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int
) -> AsyncIterator[list[SaleRecorded]]:
    batch: list[SaleRecorded] = []
    statement = f"""
        SELECT b.id, b.date, b.magasin_id, {TOTAL} AS total,
            array_agg(ROW(line_no, product_id, quantity, amount_cents) ORDER BY line_no) AS lines
        FROM {LINES_OF_BASKETS} WHERE b.magasin_id % {PARTITIONS} = $1
        GROUP BY b.id, b.date, b.magasin_id, b.p1, b.p2, b.p3, b.q1, b.q2, b.q3 ORDER BY b.id
    """
    async with connection.transaction():
        async for row in connection.cursor(statement, partition, prefetch=BATCH, timeout=None):
            batch.append(_event(row))
            if len(batch) == BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


def _event(row: asyncpg.Record) -> SaleRecorded:
    return SaleRecorded(
        sale_id=UUID(f"00000000-0000-7000-8000-{row['id']:012x}"),
        store_id=row["magasin_id"],
        status="confirmed",
        recorded_at=datetime.combine(row["date"], _NOON),
        business_date=row["date"],
        local_hour=12,
        lines=[
            SaleLine(n, product, f"Produit {product}", f"Rayon {product % 20}", units, cents, 0)
            for n, product, units, cents in row["lines"]
        ],
        total_cents=row["total"],
        tax_cents=row["total"] * 15 // 100,
    )


_SALE_ID = "('00000000-0000-7000-8000-' || lpad(to_hex(id), 12, '0'))::uuid"
_FOUR = "sum(sales_count), sum(units), sum(amount_cents), sum(tax_cents)"
_THREE = "sum(receipts), sum(units), sum(amount_cents)"
_FACTS = (
    f"""
    INSERT INTO sale_facts (sale_id, store_id, business_date, local_hour, recorded_at, line_count,
        total_cents, tax_cents)
    SELECT {_SALE_ID}, magasin_id, date, 12, date + time '12:00' AT TIME ZONE 'UTC', 3,
        total_cents, taxes_cents FROM seed.ventes
    """,
    f"""
    INSERT INTO sale_line_facts (sale_id, line_no, product_id, quantity, amount_cents, tax_cents)
    SELECT {_SALE_ID.replace("(id)", "(b.id)")}, line_no, product_id, quantity, amount_cents, 0
    FROM {LINES_OF_BASKETS}
    """,
)
_COUNTERS = (
    f"""
    CREATE TEMPORARY TABLE summed AS
    SELECT date, magasin_id, count(*) AS sales_count, sum(q1 + q2 + q3) AS units,
        sum({TOTAL}) AS amount_cents, sum(({TOTAL})::bigint * 15 / 100) AS tax_cents
    FROM seed.paniers GROUP BY date, magasin_id
    """,
    "INSERT INTO store_days SELECT * FROM summed",
    f"""INSERT INTO store_months SELECT date_trunc('month', date)::date, magasin_id, {_FOUR}
    FROM summed GROUP BY 1, 2""",
    f"INSERT INTO store_totals SELECT magasin_id, {_FOUR} FROM summed GROUP BY 1",
    f"""INSERT INTO chain_days SELECT date, magasin_id % {PARTITIONS}, {_FOUR}
    FROM summed GROUP BY 1, 2""",
    f"""
    INSERT INTO product_days
    SELECT date, product_id, count(*) FILTER (WHERE is_first), sum(quantity), sum(amount_cents)
    FROM {LINES_OF_BASKETS} GROUP BY 1, 2
    """,
    f"""INSERT INTO product_months SELECT date_trunc('month', business_date)::date, product_id,
    {_THREE} FROM product_days GROUP BY 1, 2""",
    f"""
    INSERT INTO product_totals
    SELECT product_id, {_THREE}, 'Produit ' || product_id, 'Rayon ' || product_id % 20,
        max(business_date) + time '12:00' AT TIME ZONE 'UTC'
    FROM product_days GROUP BY product_id
    """,
)


async def project_by_statements(
    connection: "asyncpg.Connection[asyncpg.Record]", *, with_facts: bool
) -> None:
    """What the consumer would have counted. No report reads the facts, which are the inbox."""
    await connection.execute("SET timezone = 'UTC'; SET work_mem = '512MB'")
    for statement in (*(_FACTS if with_facts else ()), *_COUNTERS):
        await connection.execute(statement, timeout=None)


# Filled by neither, or with the instant of the work.
_NOT_COMPARED = {"sale_facts", "api_keys", "alembic_version"}
_HASH = "SELECT coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM public.{} AS t"


async def differing_tables(
    one: "asyncpg.Connection[asyncpg.Record]", other: "asyncpg.Connection[asyncpg.Record]"
) -> list[str]:
    """The tables that do not hold the same rows, whichever there are."""
    rows = await one.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    compared = [row["tablename"] for row in rows if row["tablename"] not in _NOT_COMPARED]
    return [
        table
        for table in compared
        if await one.fetchval(_HASH.format(table)) != await other.fetchval(_HASH.format(table))
    ]
