"""Additive counters of stores and of the whole chain."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.columns import columns


class StoreDay(NamedTuple):
    """What to add to a store's day."""

    business_date: date
    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class StoreMonth(NamedTuple):
    """What to add to a store's month, named by its first day."""

    month: date
    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class StoreTotal(NamedTuple):
    """What to add to a store's running total."""

    store_id: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


class ChainDay(NamedTuple):
    """What to add to one stripe of the chain's day."""

    business_date: date
    stripe: int
    sales_count: int
    units: int
    amount_cents: int
    tax_cents: int


_COUNTERS = """CAST(:sales_count AS bigint[]), CAST(:units AS bigint[]),
        CAST(:amount_cents AS bigint[]), CAST(:tax_cents AS bigint[])"""
_ADD = """UPDATE
    SET sales_count = a.sales_count + excluded.sales_count,
        units = a.units + excluded.units,
        amount_cents = a.amount_cents + excluded.amount_cents,
        tax_cents = a.tax_cents + excluded.tax_cents"""

_ADD_TO_DAYS = text(f"""
    INSERT INTO store_days AS a
        (business_date, store_id, sales_count, units, amount_cents, tax_cents)
    SELECT * FROM unnest(CAST(:business_date AS date[]), CAST(:store_id AS int[]), {_COUNTERS})
    ON CONFLICT (business_date, store_id) DO {_ADD}
""")
_ADD_TO_MONTHS = text(f"""
    INSERT INTO store_months AS a
        (month, store_id, sales_count, units, amount_cents, tax_cents)
    SELECT * FROM unnest(CAST(:month AS date[]), CAST(:store_id AS int[]), {_COUNTERS})
    ON CONFLICT (month, store_id) DO {_ADD}
""")
_ADD_TO_TOTALS = text(f"""
    INSERT INTO store_totals AS a (store_id, sales_count, units, amount_cents, tax_cents)
    SELECT * FROM unnest(CAST(:store_id AS int[]), {_COUNTERS})
    ON CONFLICT (store_id) DO {_ADD}
""")
_ADD_TO_CHAIN_DAYS = text(f"""
    INSERT INTO chain_days AS a
        (business_date, stripe, sales_count, units, amount_cents, tax_cents)
    SELECT * FROM unnest(CAST(:business_date AS date[]), CAST(:stripe AS smallint[]), {_COUNTERS})
    ON CONFLICT (business_date, stripe) DO {_ADD}
""")

# Sorted: workers that meet on the same rows lock them in the same order and never deadlock.


async def add_to_store_days(session: AsyncSession, rows: Sequence[StoreDay]) -> None:
    await session.execute(_ADD_TO_DAYS, columns(sorted(rows)))


async def add_to_store_months(session: AsyncSession, rows: Sequence[StoreMonth]) -> None:
    await session.execute(_ADD_TO_MONTHS, columns(sorted(rows)))


async def add_to_store_totals(session: AsyncSession, rows: Sequence[StoreTotal]) -> None:
    await session.execute(_ADD_TO_TOTALS, columns(sorted(rows)))


async def add_to_chain_days(session: AsyncSession, rows: Sequence[ChainDay]) -> None:
    await session.execute(_ADD_TO_CHAIN_DAYS, columns(sorted(rows)))
