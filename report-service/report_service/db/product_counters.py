"""Additive counters of products, chain-wide."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.columns import columns


class ProductDay(NamedTuple):
    """What to add to a product's day; `receipts` are the sales that it is on."""

    business_date: date
    product_id: int
    receipts: int
    units: int
    amount_cents: int


class ProductMonth(NamedTuple):
    """What to add to a product's month, named by its first day."""

    month: date
    product_id: int
    receipts: int
    units: int
    amount_cents: int


class ProductTotal(NamedTuple):
    """What to add to a product's running total, and its labels on the latest sale."""

    product_id: int
    receipts: int
    units: int
    amount_cents: int
    last_name: str
    last_category: str
    last_sold_at: datetime


_COUNTERS = "CAST(:receipts AS bigint[]), CAST(:units AS bigint[]), CAST(:amount_cents AS bigint[])"
_ADD = """receipts = a.receipts + excluded.receipts,
        units = a.units + excluded.units,
        amount_cents = a.amount_cents + excluded.amount_cents"""

_ADD_TO_DAYS = text(f"""
    INSERT INTO product_days AS a (business_date, product_id, receipts, units, amount_cents)
    SELECT * FROM unnest(CAST(:business_date AS date[]), CAST(:product_id AS int[]), {_COUNTERS})
    ON CONFLICT (business_date, product_id) DO UPDATE SET {_ADD}
""")
_ADD_TO_MONTHS = text(f"""
    INSERT INTO product_months AS a (month, product_id, receipts, units, amount_cents)
    SELECT * FROM unnest(CAST(:month AS date[]), CAST(:product_id AS int[]), {_COUNTERS})
    ON CONFLICT (month, product_id) DO UPDATE SET {_ADD}
""")
# The greatest of (instant, name, category) wins, so that no order of delivery shows.
_IS_LATER = """(excluded.last_sold_at, excluded.last_name, excluded.last_category)
        > (a.last_sold_at, a.last_name, a.last_category)"""
_ADD_TO_TOTALS = text(f"""
    INSERT INTO product_totals AS a (product_id, receipts, units, amount_cents,
        last_name, last_category, last_sold_at)
    SELECT * FROM unnest(CAST(:product_id AS int[]), {_COUNTERS}, CAST(:last_name AS text[]),
        CAST(:last_category AS text[]), CAST(:last_sold_at AS timestamptz[]))
    ON CONFLICT (product_id) DO UPDATE SET {_ADD},
        last_name = CASE WHEN {_IS_LATER} THEN excluded.last_name ELSE a.last_name END,
        last_category = CASE WHEN {_IS_LATER} THEN excluded.last_category
            ELSE a.last_category END,
        last_sold_at = greatest(a.last_sold_at, excluded.last_sold_at)
""")

# Sorted: workers that meet on the same rows lock them in the same order and never deadlock.


async def add_to_product_days(session: AsyncSession, rows: Sequence[ProductDay]) -> None:
    await session.execute(_ADD_TO_DAYS, columns(sorted(rows)))


async def add_to_product_months(session: AsyncSession, rows: Sequence[ProductMonth]) -> None:
    await session.execute(_ADD_TO_MONTHS, columns(sorted(rows)))


async def add_to_product_totals(session: AsyncSession, rows: Sequence[ProductTotal]) -> None:
    await session.execute(_ADD_TO_TOTALS, columns(sorted(rows)))
