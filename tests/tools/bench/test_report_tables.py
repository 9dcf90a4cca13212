"""The benchmark fills the report's tables as its consumer would."""

from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.measure.bench.filling import PARTITIONS, PRODUCTS, STORES, YEAR, fill
from infra.tools.measure.bench.lab import plain
from report_service.events.consumed import (
    DocumentLine,
    ProductChanged,
    SaleRecorded,
    StockLevel,
    StockLevelsChanged,
    StoreChanged,
)
from report_service.projections.catalogue import keep_products, keep_stores
from report_service.projections.counting import count_documents
from report_service.projections.stock_levels import keep_levels
from tests.fixtures.postgres import clone

SALES = 3000
BATCH = 500
LAST_DAY = date(2026, 6, 30)
NOON = time(12, tzinfo=UTC)
LEVELS = "SELECT magasin_id, produit_id, quantite FROM seed.stocks ORDER BY 1, 2"
BASKETS = f"""
    SELECT id, date, magasin_id, total,
        array_agg(ROW(line_no, product_id, quantity, amount_cents) ORDER BY line_no) AS lines
    FROM seed.lignes_paniers WHERE magasin_id % {PARTITIONS} = $1
    GROUP BY id, date, magasin_id, total ORDER BY id
"""
# No report reads the facts, so the statements fill none. The others are filled by neither.
NOT_COMPARED = {"sale_facts", "sale_line_facts", "api_keys", "alembic_version"}
HASH = "SELECT coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM public.{} AS t"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


async def test_the_statements_fill_what_the_consumer_fills(
    postgres_admin_url: str, report_template: str
) -> None:
    async with (
        clone(postgres_admin_url, report_template) as consumed,
        clone(postgres_admin_url, report_template) as stated,
    ):
        one, other = await make_sales(consumed), await make_sales(stated)

        await consume_catalogue(one, consumed)
        await consume_sales(one, consumed)
        await fill(other, "catalogue_report", "counters")

        assert await one.fetchval("SELECT sum(sales_count) FROM store_totals") == SALES
        assert await differing_tables(one, other) == []
        await one.close()
        await other.close()


async def make_sales(engine: AsyncEngine) -> Connection:
    url = engine.url.render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain(url))
    await fill(connection, "seed", sales=SALES, first_day=LAST_DAY - YEAR)
    return connection


async def consume_catalogue(connection: Connection, engine: AsyncEngine) -> None:
    levels = await connection.fetch(LEVELS)
    async with AsyncSession(engine) as session, session.begin():
        await keep_stores(
            session,
            [
                StoreChanged(n, 1, f"Magasin {n}", "Montréal", "store", datetime.now(UTC))
                for n in range(1, STORES + 1)
            ],
        )
        await keep_products(
            session,
            [
                ProductChanged(n, 1, f"P{n}", f"Produit {n}", f"Rayon {n % 20}", datetime.now(UTC))
                for n in range(1, PRODUCTS + 1)
            ],
        )
        for store_id, rows in groupby(levels, key=lambda row: int(row["magasin_id"])):
            changed = [StockLevel(row["produit_id"], row["quantite"], 1) for row in rows]
            await keep_levels(session, [StockLevelsChanged(store_id, changed)])


async def consume_sales(connection: Connection, engine: AsyncEngine) -> None:
    """Count every sale as the event that the consumer gets, in batches of one partition."""
    for partition in range(PARTITIONS):
        events = [as_event(row) for row in await connection.fetch(BASKETS, partition)]
        for first in range(0, len(events), BATCH):
            async with AsyncSession(engine) as session, session.begin():
                await count_documents(session, events[first : first + BATCH], stripe=partition)


def as_event(row: asyncpg.Record) -> SaleRecorded:
    return SaleRecorded(
        sale_id=UUID(f"00000000-0000-7000-8000-{row['id']:012x}"),
        store_id=row["magasin_id"],
        status="confirmed",
        recorded_at=datetime.combine(row["date"], NOON),
        business_date=row["date"],
        local_hour=12,
        lines=[
            DocumentLine(n, product, f"Produit {product}", f"Rayon {product % 20}", units, cents, 0)
            for n, product, units, cents in row["lines"]
        ],
        total_cents=row["total"],
        tax_cents=row["total"] * 15 // 100,
    )


async def differing_tables(one: Connection, other: Connection) -> list[str]:
    rows = await one.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    compared = [row["tablename"] for row in rows if row["tablename"] not in NOT_COMPARED]
    return [
        table
        for table in compared
        if await one.fetchval(HASH.format(table)) != await other.fetchval(HASH.format(table))
    ]
