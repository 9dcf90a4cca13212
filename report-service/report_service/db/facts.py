"""Sales, their voids and returns as they happened: the inbox of the projection, never deleted."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.arrays import as_arrays
from report_service.db.journal import (
    INSERT_ENTRIES,
    Entry,
    entry_parameters,
    insert_entries,
)


class SaleFact(NamedTuple):
    """A confirmed sale. `payments` and `taxes` are JSON objects of cents by method and by code."""

    sale_id: UUID
    store_id: int
    business_date: date
    local_hour: int
    recorded_at: datetime
    line_count: int
    total_cents: int
    tax_cents: int
    discount_cents: int
    cash_rounding_cents: int
    payments: str | None
    taxes: str | None
    is_late: bool


class VoidFact(NamedTuple):
    """A confirmed sale that was voided, with the amounts of its receipt."""

    sale_id: UUID
    store_id: int
    business_date: date
    local_hour: int
    voided_at: datetime
    total_cents: int
    tax_cents: int
    discount_cents: int
    cash_rounding_cents: int
    payments: str | None
    taxes: str | None
    is_late: bool


class ReturnFact(NamedTuple):
    """Goods that a store has taken back. All amounts are positive."""

    return_id: UUID
    sale_id: UUID | None  # None: without a receipt
    store_id: int
    business_date: date
    local_hour: int
    recorded_at: datetime
    total_cents: int
    tax_cents: int
    cash_rounding_cents: int
    payments: str | None
    taxes: str | None
    is_late: bool


class LineFact(NamedTuple):
    """A line of a confirmed sale, or of its void."""

    sale_id: UUID
    line_no: int
    product_id: int
    quantity: int
    amount_cents: int
    tax_cents: int


class ReturnLineFact(NamedTuple):
    return_id: UUID
    line_no: int
    product_id: int
    quantity: int
    amount_cents: int
    tax_cents: int


_TYPES = {
    "sale_id": "uuid",
    "return_id": "uuid",
    "store_id": "int",
    "business_date": "date",
    "local_hour": "smallint",
    "recorded_at": "timestamptz",
    "voided_at": "timestamptz",
    "line_count": "int",
    "line_no": "int",
    "product_id": "int",
    "quantity": "int",
    "payments": "jsonb",
    "taxes": "jsonb",
    "is_late": "boolean",
}


def _insertion(table: str, fields: Sequence[str]) -> str:
    """Return an INSERT of an array for each field; a field without a type here is a bigint."""
    arrays = ", ".join(f"CAST(:{name} AS {_TYPES.get(name, 'bigint')}[])" for name in fields)
    return f"INSERT INTO {table} ({', '.join(fields)}) SELECT * FROM unnest({arrays})"


_TO_SALES = _insertion("sale_facts", SaleFact._fields)
_TO_VOIDS = _insertion("sale_voids", VoidFact._fields)
_TO_RETURNS = _insertion("return_facts", ReturnFact._fields)
_INSERT_SALES = text(f"""
    WITH journalled AS ({INSERT_ENTRIES})
    {_TO_SALES}
    ON CONFLICT (sale_id) DO NOTHING
    RETURNING sale_id
""")
_INSERT_VOIDS = text(f"""
    {_TO_VOIDS} ON CONFLICT (sale_id) DO NOTHING RETURNING sale_id
""")
_INSERT_RETURNS = text(f"""
    {_TO_RETURNS} ON CONFLICT (return_id) DO NOTHING RETURNING return_id
""")
_INSERT_LINES = text(_insertion("sale_line_facts", LineFact._fields))
_INSERT_VOID_LINES = text(_insertion("sale_void_lines", LineFact._fields))
_INSERT_RETURN_LINES = text(_insertion("return_line_facts", ReturnLineFact._fields))
_ARE_COUNTED = text("""
    SELECT (CAST(:sale_id AS uuid) IS NULL
            OR EXISTS (SELECT FROM sale_facts WHERE sale_id = :sale_id))
        AND (CAST(:voided_sale_id AS uuid) IS NULL
            OR EXISTS (SELECT FROM sale_voids WHERE sale_id = :voided_sale_id))
        AND (CAST(:return_id AS uuid) IS NULL
            OR EXISTS (SELECT FROM return_facts WHERE return_id = :return_id))
""")


async def insert_new_sales(
    session: AsyncSession, sales: Sequence[SaleFact], entries: Sequence[Entry]
) -> set[UUID]:
    """Insert the sales that are not stored yet, with the journal's entries; return their ids."""
    if not sales:
        await insert_entries(session, entries)
        return set()
    parameters = as_arrays(sales) | entry_parameters(entries)
    return set((await session.execute(_INSERT_SALES, parameters)).scalars())


async def insert_new_voids(session: AsyncSession, voids: Sequence[VoidFact]) -> set[UUID]:
    """Insert the voids that are not stored yet and return the ids of their sales."""
    return await _insert_new(session, _INSERT_VOIDS, voids)


async def insert_new_returns(session: AsyncSession, returns: Sequence[ReturnFact]) -> set[UUID]:
    """Insert the returns that are not stored yet and return their ids."""
    return await _insert_new(session, _INSERT_RETURNS, returns)


async def _insert_new(
    session: AsyncSession, statement: TextClause, facts: Sequence[VoidFact] | Sequence[ReturnFact]
) -> set[UUID]:
    return set((await session.execute(statement, as_arrays(facts))).scalars())


async def insert_lines(session: AsyncSession, lines: Sequence[LineFact]) -> None:
    await session.execute(_INSERT_LINES, as_arrays(lines))


async def insert_void_lines(session: AsyncSession, lines: Sequence[LineFact]) -> None:
    await session.execute(_INSERT_VOID_LINES, as_arrays(lines))


async def insert_return_lines(session: AsyncSession, lines: Sequence[ReturnLineFact]) -> None:
    await session.execute(_INSERT_RETURN_LINES, as_arrays(lines))


class Awaited(NamedTuple):
    """Documents that a reader waits for."""

    sale_id: UUID | None
    voided_sale_id: UUID | None
    return_id: UUID | None


async def are_counted(session: AsyncSession, awaited: Awaited) -> bool:
    """Return whether all the documents are counted."""
    return bool((await session.execute(_ARE_COUNTED, awaited._asdict())).scalar_one())
