"""Sales and their lines as they happened: the inbox of the projection, never deleted."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.arrays import as_arrays
from report_service.db.journal import (
    INSERT_ENTRIES,
    Entry,
    entry_parameters,
    insert_entries,
)


class SaleFact(NamedTuple):
    """A confirmed sale."""

    sale_id: UUID
    store_id: int
    business_date: date
    local_hour: int
    recorded_at: datetime
    line_count: int
    total_cents: int
    tax_cents: int


class LineFact(NamedTuple):
    """A line of a confirmed sale."""

    sale_id: UUID
    line_no: int
    product_id: int
    quantity: int
    amount_cents: int
    tax_cents: int


_INSERT_SALES = text(f"""
    WITH journalled AS ({INSERT_ENTRIES})
    INSERT INTO sale_facts (sale_id, store_id, business_date, local_hour, recorded_at,
        line_count, total_cents, tax_cents)
    SELECT * FROM unnest(CAST(:sale_id AS uuid[]), CAST(:store_id AS int[]),
        CAST(:business_date AS date[]), CAST(:local_hour AS smallint[]),
        CAST(:recorded_at AS timestamptz[]), CAST(:line_count AS int[]),
        CAST(:total_cents AS bigint[]), CAST(:tax_cents AS bigint[]))
    ON CONFLICT (sale_id) DO NOTHING
    RETURNING sale_id
""")
_INSERT_LINES = text("""
    INSERT INTO sale_line_facts (sale_id, line_no, product_id, quantity, amount_cents, tax_cents)
    SELECT * FROM unnest(CAST(:sale_id AS uuid[]), CAST(:line_no AS int[]),
        CAST(:product_id AS int[]), CAST(:quantity AS int[]), CAST(:amount_cents AS bigint[]),
        CAST(:tax_cents AS bigint[]))
""")
_HAS_SALE = text("SELECT EXISTS (SELECT FROM sale_facts WHERE sale_id = :sale_id)")


async def insert_new_sales(
    session: AsyncSession, sales: Sequence[SaleFact], entries: Sequence[Entry]
) -> set[UUID]:
    """Insert the sales that are not stored yet, with the journal's entries; return their ids."""
    if not sales:
        await insert_entries(session, entries)
        return set()
    parameters = as_arrays(sales) | entry_parameters(entries)
    return set((await session.execute(_INSERT_SALES, parameters)).scalars())


async def insert_lines(session: AsyncSession, lines: Sequence[LineFact]) -> None:
    await session.execute(_INSERT_LINES, as_arrays(lines))


async def has_sale(session: AsyncSession, sale_id: UUID) -> bool:
    """Return whether the sale is counted."""
    return bool((await session.execute(_HAS_SALE, {"sale_id": sale_id})).scalar_one())
