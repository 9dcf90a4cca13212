"""With tens of thousands of returns no list, and no sum of a sale, reads a table whole."""

from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.measure.bench import filling
from sales_service.db.return_lists import ReturnFilter, count_returned_units, list_returns
from sales_service.db.return_writing import read_refunded
from tests.tools.bench.test_indexes import (
    SMALL_STORE,
    STORES,
    indexes_in,
    open_connection,
    plans_of,
    tables_read_whole,
)

RETURNS = 40_000
SALE_ID = UUID("00000000-0000-7000-8000-000000000064")
_FILL = (
    f"""INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1 + n % 30, n,
        'confirmed', 'permissive', now(), -300, now(), DATE '2026-06-30' - n % 365, 12, 'CAD', '[]',
        300, 45, 'bench/till' FROM generate_series(1, {RETURNS}) AS n""",
    f"""INSERT INTO returns (id, store_id, number, sale_id, sale_number, sale_store_id, returned_at,
        utc_offset_minutes, recorded_at, business_date, local_hour, currency, taxes, total_cents,
        tax_cents, payments, cash_rounding_cents, client_id)
    SELECT id, CASE WHEN number::int % 1000 = 0 THEN {SMALL_STORE} ELSE store_id END,
        store_id || '-R' || lpad(number, 6, '0'), id, number, store_id, now(), -300, now(),
        business_date, 12, 'CAD', '[]', 200, 30, '[]', 0, 'bench/till' FROM sales""",
    """INSERT INTO return_lines
    SELECT id, line_no, line_no, 1 + sale_number::int % 2000, 'Produit', 'Rayon', 1, true, 1, 100,
        15, '[{"code": "TPS", "rate": "0.05", "amount_cents": 15}]'
    FROM returns, generate_series(1, 2) AS line_no""",
    "VACUUM ANALYZE",
)
FILTERS: list[dict[str, Any]] = [
    {},
    {"first_day": date(2026, 6, 1), "last_day": date(2026, 6, 30)},
    {"last_day": date(2026, 3, 31)},
    {"sale_id": SALE_ID},
]


@pytest.fixture
async def returns(sales_engine: AsyncEngine) -> AsyncEngine:
    """Return a database of 40,000 returns of two lines, few of them in a small store."""
    connection = await open_connection(sales_engine)
    await filling.fill(connection, "catalogue_sales")
    for statement in _FILL:
        await connection.execute(statement)
    await connection.close()
    return sales_engine


async def test_no_list_of_returns_reads_a_table_whole(returns: AsyncEngine) -> None:
    for stores in STORES.values():
        for given in FILTERS:
            wanted = ReturnFilter(**given)
            read = partial(list_returns, store_ids=stores, before=None, limit=50, wanted=wanted)

            nodes = await plans_of(returns, read)

            assert not {"returns", "return_lines"} & tables_read_whole(nodes), (stores, wanted)


async def test_a_return_is_found_by_its_number(returns: AsyncEngine) -> None:
    wanted = ReturnFilter(number="2-R000001")

    nodes = await plans_of(returns, lambda session: list_returns(session, [2], None, 50, wanted))

    assert "returns_store_id_number_key" in indexes_in(nodes)


@pytest.mark.parametrize("read", [read_refunded, count_returned_units])
async def test_what_came_back_of_a_sale_is_found_by_the_sale(
    returns: AsyncEngine, read: Any
) -> None:
    nodes = await plans_of(returns, lambda session: read(session, SALE_ID))

    assert "returns_by_sale" in indexes_in(nodes)
    assert not {"returns", "return_lines"} & tables_read_whole(nodes)
