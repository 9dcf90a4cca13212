"""A counter is declared once; everything else derives from its declaration."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.audit import build_checks
from report_service.db.counters import (
    CHAIN_DAYS,
    COLUMN_TYPES,
    COUNTERS,
    DOCUMENTS,
    LATE_DOCUMENTS,
    LINES,
    PAYMENTS,
    TAXES,
    Counter,
)
from report_service.events.consumed import Document
from report_service.projections.counting import count_documents
from report_service.projections.sums import sum_documents, sum_lines
from report_service.rebuild.store_day import rebuild_store_day
from service_kit.audit import find_all_differences
from tests.report_service.audit import PAIRS
from tests.report_service.builders import (
    COFFEE,
    MONDAY,
    STORE,
    TEA,
    a_line,
    a_return,
    a_sale,
    a_void_of,
)
from tests.report_service.conftest import Projection

COLUMNS = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = :table
"""
KEY = """
    SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = CAST(:table AS regclass) AND indisprimary
"""
ANNOUNCES = """
    SELECT count(*) FROM pg_trigger
    WHERE tgrelid = CAST(:table AS regclass) AND tgname = 'announce_change'
"""


@pytest.mark.parametrize("counter", COUNTERS, ids=lambda each: each.table)
async def test_a_counter_has_its_table_its_key_and_its_trigger(
    projection: Projection, counter: Counter
) -> None:
    columns = await projection.rows(COLUMNS, table=counter.table)
    key = await projection.rows(KEY, table=counter.table)

    assert dict(columns) == {name: COLUMN_TYPES.get(name, "bigint") for name in counter.columns}
    assert {row[0] for row in key} == set(counter.key)
    assert await projection.rows(ANNOUNCES, table=counter.table) == [(1,)]


def test_every_counter_is_compared_with_the_facts_by_brute_force() -> None:
    assert list(PAIRS) == [counter.table for counter in COUNTERS]


def test_a_counter_stands_after_the_one_that_it_is_summed_from() -> None:
    for position, counter in enumerate(COUNTERS):
        assert counter.summed_from in (
            DOCUMENTS,
            LATE_DOCUMENTS,
            LINES,
            PAYMENTS,
            TAXES,
            *COUNTERS[:position],
        )


def test_python_names_its_sums_as_the_facts_name_their_measures() -> None:
    lines = (a_line(COFFEE, 2, 500), a_line(COFFEE, 1, 250), a_line(TEA, 3, 100))
    sale = a_sale(*lines, discount_cents=30, rounding_cents=2)
    void = a_void_of(a_sale(a_line(COFFEE, 1, 200), discount_cents=7, rounding_cents=-1))
    refund = a_return(a_line(COFFEE, 1, 40), rounding_cents=1)
    documents: list[Document] = [sale, void, refund]

    of_store = sum_documents(documents, ("store_id",))[(STORE,)]
    of_coffee = sum_lines(documents, ("product_id",))[(COFFEE,)]

    assert dict(zip(DOCUMENTS.measures, of_store, strict=True)) == {
        "sales_count": 0,
        "units": 4,
        "amount_cents": 850 - 200 - 40,
        "tax_cents": sale.tax_cents - void.tax_cents - refund.tax_cents,
        "discount_cents": 30 - 7,
        "returns_count": 1,
        "returned_cents": 40,
        "voids_count": 1,
        "voided_cents": 200,
        "cash_rounding_cents": 2 + 1 - 1,
    }
    assert dict(zip(LINES.measures, of_coffee, strict=True)) == {
        "receipts": 0,
        "units": 1,
        "amount_cents": 750 - 200 - 40,
    }


STORE_HOURS = Counter(
    "store_hours", ("business_date", "store_id", "local_hour"), ("sales_count", "units"), DOCUMENTS
)
CHAIN_HOURS = Counter(
    "chain_hours", ("business_date", "local_hour", "stripe"), ("sales_count",), STORE_HOURS
)
STORE_PRODUCT_DAYS = Counter(
    "store_product_days", ("business_date", "store_id", "product_id"), ("units",), LINES
)
STORE_PRODUCT_MONTHS = Counter(
    "store_product_months", ("month", "store_id", "product_id"), ("units",), STORE_PRODUCT_DAYS
)
CHAIN_MONTHS = Counter("chain_months", ("month", "stripe"), ("units",), CHAIN_DAYS)
NEW = (STORE_HOURS, CHAIN_HOURS, STORE_PRODUCT_DAYS, STORE_PRODUCT_MONTHS, CHAIN_MONTHS)
SPOIL = {
    "store_hours": "UPDATE store_hours SET units = units + 1",
    "chain_hours": "DELETE FROM chain_hours",
    "store_product_days": f"DELETE FROM store_product_days WHERE product_id = {TEA}",
    "store_product_months": "UPDATE store_product_months SET units = 0",
    "chain_months": "UPDATE chain_months SET units = units + 1 WHERE stripe = 1",
}


@pytest.fixture
async def with_new_counters(projection: Projection) -> Projection:
    """Return the projection after the migration of a new version and its first sales."""
    async with projection.engine.begin() as connection:
        for counter in NEW:
            columns = [f"{name} {COLUMN_TYPES.get(name, 'bigint')}" for name in counter.columns]
            key = f"PRIMARY KEY ({', '.join(counter.key)})"
            await connection.execute(
                text(f"CREATE TABLE {counter.table} ({', '.join([*columns, key])})")
            )
    tuesday = date(2026, 11, 24)
    async with AsyncSession(projection.engine) as session, session.begin():
        for partition in range(2):
            sales = [
                a_sale(a_line(COFFEE, 2), a_line(TEA), store_id=STORE + partition, sale_id=sale_id)
                for sale_id in (UUID(int=2 * partition + 1), UUID(int=2 * partition + 2))
            ]
            sales.append(a_sale(store_id=STORE + partition, business_date=tuesday))
            await count_documents(session, sales, partition, (*COUNTERS, *NEW))
    return projection


async def differences(projection: Projection) -> list[str]:
    checks = build_checks((*COUNTERS, *NEW))
    async with AsyncSession(projection.engine) as session:
        return [found for check in checks for found in await find_all_differences(session, check)]


async def test_a_new_counter_is_filled_by_its_declaration(with_new_counters: Projection) -> None:
    rows = with_new_counters.rows

    assert await rows("SELECT * FROM store_hours WHERE store_id = 3 ORDER BY 1") == [
        (MONDAY, STORE, 12, 2, 6),
        (date(2026, 11, 24), STORE, 12, 1, 1),
    ]
    assert sorted(await rows("SELECT stripe, sum(sales_count) FROM chain_hours GROUP BY 1")) == [
        (0, 3),
        (1, 3),
    ]
    months = "SELECT product_id, units FROM store_product_months WHERE store_id = 3 ORDER BY 1"
    assert await rows(months) == [(COFFEE, 5), (TEA, 2)]
    assert await differences(with_new_counters) == []


@pytest.mark.parametrize("table", SPOIL)
async def test_a_new_counter_is_audited_and_rebuilt_by_its_declaration(
    with_new_counters: Projection, table: str
) -> None:
    async with with_new_counters.engine.begin() as connection:
        await connection.execute(text(SPOIL[table]))
    found = await differences(with_new_counters)

    async with AsyncSession(with_new_counters.engine) as session, session.begin():
        for store_id in (STORE, STORE + 1):
            for day in (MONDAY, date(2026, 11, 24)):
                await rebuild_store_day(session, store_id, day, (*COUNTERS, *NEW))

    assert any(each.startswith(f"{table}/") for each in found)
    assert await differences(with_new_counters) == []
