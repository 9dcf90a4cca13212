"""At 200,000 sale lines the frequent reads use the indexes that the original system lacked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import combinations
from typing import Any

import asyncpg
import msgspec
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.measure.bench import filling
from infra.tools.measure.bench.lab import plain
from report_service.db.journal import Filter, Kind, list_entries
from report_service.db.reports import read_sales_report, read_store_report
from sales_service.db.product_search import ProductOrder, find_products_page
from sales_service.db.sale_lists import SaleFilter, list_sales
from sales_service.domain.sale import SaleStatus
from stock_service.db.level_lists import LevelFilter, list_stock, list_store_stock
from stock_service.domain.levels import ProductId, StoreId
from tests.fixtures.postgres import clone

SALES = 70_000
SMALL_STORE = 40  # makes one sale in a thousand
LAST_DAY = date(2026, 6, 30)
MONTH = (LAST_DAY - timedelta(days=29), LAST_DAY)
AWKWARD = (date(2025, 11, 16), date(2026, 5, 15))
_SOLD = (
    f"""INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id,
        register_id)
    SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
        CASE WHEN n % 1000 = 0 THEN {SMALL_STORE} ELSE 1 + n % 30 END, n,
        CASE WHEN n % 100 = 0 THEN 'rejected' WHEN n % 500 = 7 THEN 'pending' ELSE 'confirmed' END,
        'permissive', now(), -300, now(), DATE '2026-06-30' - n % 365, 12, 'CAD', '[]',
        300, 45, 'bench/till', n / 7 % 30 FROM generate_series(1, {SALES}) AS n""",
    """INSERT INTO sale_lines
    SELECT id, line_no, 1 + number::int % 2000, 'Produit', 'Rayon', 1, 1, NULL, 100, 15
    FROM sales, generate_series(1, 3) AS line_no""",
    "VACUUM ANALYZE",
)

Read = Callable[[AsyncSession], Awaitable[object]]


async def plans_of(engine: AsyncEngine, read: Read) -> list[dict[str, Any]]:
    """Return the plan nodes of every statement that a read sends."""
    sent: list[tuple[str, tuple[Any, ...]]] = []

    def remember(*given: Any) -> None:
        sent.append((given[2], given[3]))

    event.listen(engine.sync_engine, "before_cursor_execute", remember)
    try:
        async with AsyncSession(engine) as session:
            await read(session)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", remember)
    connection = await open_connection(engine)
    nodes = []
    for statement, parameters in sent:
        rows = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
        nodes += list(walk(msgspec.json.decode(rows)[0]["Plan"]))
    await connection.close()
    return nodes


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


def indexes_in(nodes: list[dict[str, Any]]) -> set[str]:
    """Return the indexes that the plan searches or reads in order."""
    return {node["Index Name"] for node in nodes if "Index Name" in node}


def tables_read_whole(nodes: list[dict[str, Any]]) -> set[str]:
    return {node["Relation Name"] for node in nodes if node["Node Type"] == "Seq Scan"}


async def open_connection(engine: AsyncEngine) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(plain(engine.url.render_as_string(hide_password=False)))


@pytest.fixture(scope="module")
async def report(postgres_admin_url: str, report_template: str) -> AsyncIterator[AsyncEngine]:
    """Return the report of a year with 210,000 sale lines, which these tests only read."""
    async with clone(postgres_admin_url, report_template) as engine:
        await fill_report(engine)
        yield engine


async def fill_report(engine: AsyncEngine) -> None:
    connection = await open_connection(engine)
    first_day = LAST_DAY - filling.YEAR
    scripts = ("seed", "catalogue_report", "counters")
    await filling.fill(connection, *scripts, sales=SALES, first_day=first_day)
    await connection.close()


@pytest.mark.parametrize("days", [MONTH, AWKWARD], ids=["a month", "an awkward range"])
async def test_a_report_reads_its_days_by_date(
    report: AsyncEngine, days: tuple[date, date]
) -> None:
    nodes = await plans_of(
        report, lambda session: read_sales_report(session, *days, top=10, max_days=366)
    )

    # The chain's days are few, so PostgreSQL is right to read half a year of them whole.
    assert {"store_days_pkey", "product_days_pkey"} <= indexes_in(nodes)
    assert not {"store_days", "product_days"} & tables_read_whole(nodes)


async def test_a_report_finds_stock_outs_and_overstocks_by_their_indexes(
    report: AsyncEngine,
) -> None:
    nodes = await plans_of(
        report, lambda session: read_sales_report(session, *MONTH, top=10, max_days=366)
    )

    assert {"stock_levels_ruptures", "stock_levels_overstocks"} <= indexes_in(nodes)
    assert "stock_levels" not in tables_read_whole(nodes)


async def test_no_report_reads_a_sale(report: AsyncEngine) -> None:
    whole = await plans_of(
        report, lambda session: read_sales_report(session, None, None, top=10, max_days=30)
    )
    stores = await plans_of(report, lambda session: read_store_report(session, *AWKWARD))

    read = {node.get("Relation Name") for node in whole + stores}
    assert not {"sale_facts", "sale_line_facts"} & read


ENTRIES = 100_000
_JOURNALLED = f"""
    INSERT INTO journal (event_id, recorded_at, actor, kind, store_id, subject)
    SELECT gen_random_uuid(), TIMESTAMPTZ '2026-06-30' - n * interval '1 minute',
        CASE WHEN n % 1000 = 0 THEN 'head' ELSE 'store-' || n % 30 END,
        CASE WHEN n % 500 = 0 THEN 'movement-posted' ELSE 'sale-recorded' END,
        CASE WHEN n % 1000 = 0 THEN {SMALL_STORE} ELSE 1 + n % 30 END, n
    FROM generate_series(1, {ENTRIES}) AS n
"""


@pytest.fixture
async def journal(report_engine: AsyncEngine) -> AsyncEngine:
    """Return a journal of 100,000 entries."""
    connection = await open_connection(report_engine)
    await connection.execute(_JOURNALLED)
    await connection.execute("VACUUM ANALYZE journal")
    await connection.close()
    return report_engine


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Filter(), "journal_by_kind"),
        (Filter(kind=Kind.MOVEMENT_POSTED), "journal_by_kind"),
        (Filter(since=datetime(2026, 5, 1, tzinfo=UTC)), "journal_by_kind"),
        (Filter(store_id=SMALL_STORE), "journal_by_store"),
        (Filter(store_id=SMALL_STORE, kind=Kind.SALE_CANCELLED), "journal_by_store"),
        (Filter(actor="head"), "journal_by_actor"),
        (Filter(actor="store-1", kind=Kind.SALE_CANCELLED), "journal_by_actor"),
        (Filter(actor="store-1", store_id=2), "journal_by_actor"),
    ],
)
async def test_a_page_of_the_journal_is_read_by_the_index_of_its_filter(
    journal: AsyncEngine, wanted: Filter, index: str
) -> None:
    nodes = await plans_of(journal, lambda session: list_entries(session, wanted, None, 101))

    assert indexes_in(nodes) == {index}
    assert "journal" not in tables_read_whole(nodes)


@pytest.fixture
async def stock(stock_engine: AsyncEngine) -> AsyncEngine:
    """Return a stock of 80,000 levels in forty stores."""
    connection = await open_connection(stock_engine)
    await filling.fill(connection, "catalogue_stock", "movements", sales=0)
    await connection.close()
    return stock_engine


async def test_the_stock_of_a_store_is_found_by_store(stock: AsyncEngine) -> None:
    nodes = await plans_of(stock, lambda session: list_store_stock(session, StoreId(3), 0, 501))

    assert "stock_levels_pkey" in indexes_in(nodes)
    assert "stock_levels" not in tables_read_whole(nodes)


async def test_the_stock_of_a_product_is_found_by_product(stock: AsyncEngine) -> None:
    nodes = await plans_of(
        stock,
        lambda session: list_stock(
            session, None, (0, 0), 501, LevelFilter(product_ids=[ProductId(7)])
        ),
    )

    assert "stock_levels_by_product" in indexes_in(nodes)
    assert "stock_levels" not in tables_read_whole(nodes)


async def test_the_stock_of_a_key_s_store_is_found_by_store(stock: AsyncEngine) -> None:
    nodes = await plans_of(stock, lambda session: list_stock(session, [3], (0, 0), 501))

    assert "stock_levels_pkey" in indexes_in(nodes)
    assert "stock_levels" not in tables_read_whole(nodes)


@pytest.fixture
async def sales(sales_engine: AsyncEngine) -> AsyncEngine:
    """Return a database of 70,000 sales of three lines in forty stores."""
    connection = await open_connection(sales_engine)
    await filling.fill(connection, "catalogue_sales")
    for statement in _SOLD:
        await connection.execute(statement)
    await connection.close()
    return sales_engine


async def test_the_sales_of_a_small_store_are_found_by_store(sales: AsyncEngine) -> None:
    nodes = await plans_of(sales, lambda session: list_sales(session, [SMALL_STORE], None, 50))

    assert {"sales_by_store", "sale_lines_pkey"} <= indexes_in(nodes)
    assert not {"sales", "sale_lines"} & tables_read_whole(nodes)


DAYS: dict[str, Any] = {"first_day": date(2026, 6, 1), "last_day": date(2026, 6, 30)}
FILTERS: list[dict[str, Any]] = [
    DAYS,
    {"register_id": "7"},
    {"statuses": (SaleStatus.CANCELLED, SaleStatus.VOIDED)},
    {"product_id": 77},
]
STORES = {"all stores": None, "a small store": [SMALL_STORE], "some stores": [1, 2, SMALL_STORE]}


@pytest.mark.parametrize("stores", STORES)
async def test_each_combination_of_filters_reads_from_an_index(
    sales: AsyncEngine, stores: str
) -> None:
    for count in range(1, len(FILTERS) + 1):
        for chosen in combinations(FILTERS, count):
            wanted = SaleFilter(**{name: value for part in chosen for name, value in part.items()})
            read = partial(
                list_sales, store_ids=STORES[stores], before=None, limit=50, wanted=wanted
            )

            nodes = await plans_of(sales, read)

            assert not {"sales", "sale_lines"} & tables_read_whole(nodes), wanted


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (SaleFilter(**DAYS), "sales_by_day"),
        (SaleFilter(register_id="7"), "sales_by_register"),
        (SaleFilter(statuses=(SaleStatus.CANCELLED, SaleStatus.VOIDED)), "sales_by_outcome"),
        (SaleFilter(product_id=77), "sale_lines_by_product"),
        (SaleFilter(number="000500"), "sales_store_id_number_key"),
    ],
)
async def test_a_filter_has_an_index(sales: AsyncEngine, wanted: SaleFilter, index: str) -> None:
    nodes = await plans_of(sales, lambda session: list_sales(session, [1], None, 50, wanted))

    assert index in indexes_in(nodes)


WEEK = SaleFilter(first_day=date(2026, 4, 1), last_day=date(2026, 4, 7))


@pytest.mark.parametrize("stores", [[1], [1, 2, SMALL_STORE], None])
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (WEEK, "sales_by_day"),
        (SaleFilter(first_day=date(2026, 6, 30)), "sales_by_day"),
        (SaleFilter(register_id="7"), "sales_by_register"),
        (SaleFilter(statuses=(SaleStatus.CANCELLED, SaleStatus.VOIDED)), "sales_by_outcome"),
    ],
)
async def test_no_other_index_is_read_for_a_page(
    sales: AsyncEngine, wanted: SaleFilter, index: str, stores: list[int] | None
) -> None:
    nodes = await plans_of(sales, lambda session: list_sales(session, stores, None, 50, wanted))

    # The first is of the page, the others are of its receipts and of the chain's stores.
    assert index in indexes_in(nodes)
    assert indexes_in(nodes) <= {index, "sales_pkey", "sale_lines_pkey", "stores_pkey"}


async def test_products_are_sorted_by_name_from_an_index(sales: AsyncEngine) -> None:
    nodes = await plans_of(
        sales,
        lambda session: find_products_page(session, True, None, ProductOrder.NAME, False, 1, 20),
    )

    assert "products_by_name" in indexes_in(nodes)
