"""The audit finds a receipt whose payments are not what is due."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.audit.sales_side import check_payments

SALE = UUID("0199c2a4-7c1e-7000-8000-000000000042")
_STORE = text("""
    INSERT INTO stores (id, name, address, city, kind, timezone, cutoff_hour, currency,
        stock_policy, taxes)
    VALUES (3, 'Plateau', '', '', 'store', 'America/Toronto', 0, 'CAD', 'strict', '[]')
""")
_SALE = text("""
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id,
        payments, change_cents, cash_rounding_cents)
    VALUES (:id, 3, '3-000001', 'confirmed', 'strict', now(), 0, now(), now(), 12, 'CAD', '[]',
        10000, 1498, 'till', CAST(:payments AS jsonb), :change, :rounding)
""")
CASH = '[{"method": "cash", "amount_cents": 12000}]'
MIXED = '[{"method": "debit", "amount_cents": 11000}, {"method": "cash", "amount_cents": 500}]'


async def audited(engine: AsyncEngine, payments: str, change: int, rounding: int) -> list[str]:
    """Return the differences of a sale of 114.98 that is paid like this."""
    values = {"id": SALE, "payments": payments, "change": change, "rounding": rounding}
    async with AsyncSession(engine) as session:
        await session.execute(_STORE)
        await session.execute(_SALE, values)
        return await check_payments(session)


@pytest.mark.parametrize(
    ("payments", "change", "rounding"),
    [("[]", 0, 0), (CASH, 502, 0), (CASH, 500, 2), (MIXED, 0, 2), (MIXED, 2, 0)],
)
async def test_payments_of_what_is_due_are_right(
    sales_engine: AsyncEngine, payments: str, change: int, rounding: int
) -> None:
    assert await audited(sales_engine, payments, change, rounding) == []


@pytest.mark.parametrize(
    ("payments", "change", "rounding"),
    [
        ("[]", 500, 0),
        ("[]", 0, 2),
        (CASH, 0, 0),
        (CASH, 501, 2),
        (CASH, 497, 5),
        (MIXED, -3, 5),
        (MIXED, -2, 4),
    ],
)
async def test_other_payments_are_found(
    sales_engine: AsyncEngine, payments: str, change: int, rounding: int
) -> None:
    assert await audited(sales_engine, payments, change, rounding) == [
        f"sale {SALE}: its payments are not what is due"
    ]
