"""The audit finds every wrong counter, and nothing while all are right."""

from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.audit import CHECKS
from report_service.db.counters import COUNTERS, Counter
from service_kit.audit import find_all_differences
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    TEA,
    a_line,
    a_return,
    a_sale,
    a_void_of,
)
from tests.report_service.conftest import Projection

SPOILT = {
    "UPDATE store_days SET amount_cents = amount_cents + 1 WHERE store_id = 5": "store-days",
    "DELETE FROM store_days WHERE store_id = 5": "store-days",
    "INSERT INTO store_days VALUES ('2030-01-01', 77, 1, 1, 1, 1)": "store-days",
    "DELETE FROM late_days WHERE store_id = 5": "store-days",
    "UPDATE sale_facts SET is_late = false": "store-days",
    "DELETE FROM sale_void_lines": "store-days",
    "DELETE FROM return_line_facts": "store-days",
    "DELETE FROM sale_voids": "store-days",
    "UPDATE return_facts SET payments = NULL": "store-days",
    "DELETE FROM tax_days WHERE code = 'TVQ'": "store-days",
    "UPDATE payment_totals SET method = 'credit' WHERE method = 'cash'": "totals",
    "DELETE FROM sale_line_facts WHERE line_no = 2": "store-days",
    "UPDATE product_days SET receipts = receipts + 1": "days",
    "DELETE FROM product_days": "days",
    "UPDATE chain_days SET units = 0 WHERE stripe = 0": "days",
    "UPDATE store_months SET tax_cents = 0": "months",
    "DELETE FROM product_months": "months",
    "UPDATE store_totals SET sales_count = 0 WHERE store_id = 3": "totals",
    "DELETE FROM product_totals WHERE product_id = 11": "totals",
}


@pytest.fixture
async def counted(projection: Projection) -> Projection:
    """Count more store-days than a slice covers, in two months and on three partitions."""
    days = [MONDAY, date(2026, 11, 1), date(2026, 12, 31)]
    for store_id in range(1, 6):
        sales = [
            a_sale(a_line(COFFEE), a_line(TEA), store_id=store_id, business_date=d) for d in days
        ]
        paid, taxes = {"cash": 3000, "debit": 90}, {"TPS": 125, "TVQ": 249}
        kept = a_sale(store_id=store_id, paid=paid, change_cents=17, taxes=taxes)
        undone = a_sale(store_id=store_id, discount_cents=50, paid=paid, taxes=taxes)
        refund = a_return(store_id=store_id, paid={"cash": 40}, rounding_cents=2, taxes=taxes)
        late = (
            a_sale(store_id=store_id, discount_cents=10, rounding_cents=1, is_late=True),
            a_return(a_line(TEA, 2), store_id=store_id, is_late=True),
        )
        documents = (*sales, kept, undone, refund, a_void_of(undone), *late)
        await projection.receive(*documents, partition=store_id % 3)
    return projection


async def look(projection: Projection) -> dict[str, list[str]]:
    """Return what each check finds in a whole round."""
    async with AsyncSession(projection.engine) as session:
        return {check.name: await find_all_differences(session, check) for check in CHECKS}


async def test_nothing_is_found_while_all_is_well(counted: Projection) -> None:
    assert not any((await look(counted)).values())


@pytest.mark.parametrize("counter", COUNTERS, ids=lambda each: each.table)
async def test_a_difference_in_any_measure_is_found(counted: Projection, counter: Counter) -> None:
    for measure in counter.measures:
        async with counted.engine.connect() as connection:
            session = AsyncSession(connection)
            await session.execute(text(f"UPDATE {counter.table} SET {measure} = {measure} + 1"))
            found = [
                each for check in CHECKS for each in await find_all_differences(session, check)
            ]
            await connection.rollback()

        assert any(each.startswith(f"{counter.table}/") for each in found), measure


@pytest.mark.parametrize("statement", SPOILT)
async def test_what_is_spoilt_is_found_by_its_check(counted: Projection, statement: str) -> None:
    async with counted.engine.begin() as connection:
        await connection.execute(text(statement))

    assert (await look(counted))[SPOILT[statement]]
