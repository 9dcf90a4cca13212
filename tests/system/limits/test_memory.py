"""The largest input that is allowed fits into a container's memory."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from aiokafka import AIOKafkaProducer
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from infra.tools.local.layout import ROOT
from sales_service.api.sale_schemas import MOST_LINES
from service_kit.http.api_keys import ensure_key
from tests.fixtures.http import open_client
from tests.fixtures.kafka import TopicFactory
from tests.fixtures.processes import ServiceProcess, service_process
from tests.fixtures.waiting import eventually
from tests.system.limits.conftest import serve_shop

SALES = 500  # the longest page
WAITING = 300  # large sales that wait for a worker
PARTITIONS = 12
TOPICS = ("sales.events.v1", "stock.events.v1", "catalogue.events.v1")
APPLIED = {
    "stock": "SELECT count(*) FROM sale_decisions",
    "report": "SELECT count(*) FROM sale_facts",
}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))

# With the longest names that a product may have.
_LARGE_SALES = text("""
    INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at, utc_offset_minutes,
        recorded_at, business_date, local_hour, currency, taxes, total_cents, tax_cents, client_id,
        decided_at)
    SELECT uuidv7(), :store, 'large-' || n, 'confirmed', 'permissive', now(), 0, now(),
        CURRENT_DATE, 12, 'CAD', '[]', 0, 0, 'test', now()
    FROM generate_series(1, :sales) AS n
""")
_THEIR_LINES = text("""
    INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity,
        unit_price, amount_cents, tax_cents)
    SELECT sales.id, n, :product, repeat('x', 200), repeat('y', 200), 1, 0, 0, 0
    FROM sales CROSS JOIN generate_series(1, :lines) AS n WHERE number LIKE 'large-%'
""")


@pytest.fixture
def engines(stock_engine: AsyncEngine, report_engine: AsyncEngine) -> dict[str, AsyncEngine]:
    return {"stock": stock_engine, "report": report_engine}


def bytes_allowed(service: str) -> int:
    """Return the memory that Docker allows a process."""
    limit: str = COMPOSE["services"][service]["mem_limit"]
    assert limit.endswith("m")
    return int(limit.removesuffix("m")) * 1024**2


def peak_bytes(process: ServiceProcess) -> int:
    """Return the most memory that a process has had at once."""
    status = Path(f"/proc/{process.process.pid}/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


async def test_pages_of_the_largest_sales_fit_and_miss_none(sales_engine: AsyncEngine) -> None:
    async with serve_shop(sales_engine) as shop:
        async with sales_engine.begin() as connection:
            await connection.execute(_LARGE_SALES, {"store": shop.permissive, "sales": SALES})
            await connection.execute(_THEIR_LINES, {"product": shop.product, "lines": MOST_LINES})

        read: list[str] = []
        following: str | None = f"/api/ventes/?limite={SALES}"
        while following is not None:
            page = await shop.client.get(following)
            assert page.status_code == 200, page.text
            assert all(len(sale["lignes"]) == MOST_LINES for sale in page.json())
            read += [sale["id"] for sale in page.json()]
            following = page.links.get("next", {}).get("url")

        assert set(read) == await shop.sale_ids()
        assert len(read) == SALES
        assert peak_bytes(shop.api) < bytes_allowed("sales-api")


LONG = "repeat('é', 200)"  # the longest name
# What the longest page of each other API shows, and its path. Readers come at once.
LONGEST_PAGES = {
    "stock": (
        (
            "INSERT INTO stores (id, version, name, city, kind, stock_policy, is_active)"
            " VALUES (1, 1, 'Plateau', 'Montréal', 'store', 'permissive', true)",
            "INSERT INTO products (id, version, sku, name, category, unit_price, is_active)"
            f" SELECT n, 1, n, {LONG}, {LONG}, 1, true FROM generate_series(1, 5001) AS n",
            "INSERT INTO stock_levels (store_id, product_id, on_hand, version)"
            " SELECT 1, n, 7, 1 FROM generate_series(1, 5001) AS n",
        ),
        "/api/magasins/1/stock?limite=5000",
    ),
    "report": (
        (
            "INSERT INTO product_totals (product_id, receipts, units, amount_cents, last_name,"
            f" last_category, last_sold_at) SELECT n, 1, n, 100, {LONG}, {LONG}, now()"
            " FROM generate_series(1, 10001) AS n",
        ),
        "/api/ventes/rapport?limite=10000",
    ),
}
READERS = 20


@pytest.mark.parametrize("service", LONGEST_PAGES)
async def test_the_longest_pages_fit_into_an_api(
    service: str, engines: dict[str, AsyncEngine]
) -> None:
    engine = engines[service]
    statements, path = LONGEST_PAGES[service]
    async with engine.begin() as connection:
        await ensure_key(connection, "head-office", "head-office", "test")
        for statement in statements:
            await connection.execute(text(statement))

    async with service_process(
        f"{service}_service.main", DATABASE_URL=engine.url.render_as_string(hide_password=False)
    ) as api:
        await eventually(api.is_ready, True)
        headers = {"x-token": "head-office", "cache-control": "no-cache"}
        async with open_client(base_url=api.url, headers=headers, timeout=60) as client:
            answers = await asyncio.gather(*(client.get(path) for _ in range(READERS)))

        assert {answer.status_code for answer in answers} == {200}
        assert peak_bytes(api) < bytes_allowed(f"{service}-api")


def a_large_sale() -> bytes:
    """Return the event of a sale with as many lines as there may be, of products of their own."""
    now = datetime.now(UTC).isoformat()
    lines = [
        {
            "line_no": n,
            "product_id": n,
            "product_name": "Café moulu",
            "category": "Épicerie",
            "quantity": 1,
            "unit_price": "1.0000",
            "unit_cost": None,
            "amount_cents": 100,
            "tax_cents": 0,
        }
        for n in range(1, MOST_LINES + 1)
    ]
    sale = {
        "sale_id": str(uuid7()),
        "store_id": 1,
        "number": "1-000001",
        "status": "confirmed",
        "stock_policy": "permissive",
        "sold_at": now,
        "recorded_at": now,
        "business_date": "2026-11-23",
        "local_hour": 12,
        "currency": "CAD",
        "register_id": None,
        "lines": lines,
        "taxes": [],
        "total_cents": 100 * MOST_LINES,
        "tax_cents": 0,
    }
    return json.dumps(sale).encode()


async def wait_in_kafka(bootstrap_servers: str, topic: str, number: int) -> None:
    """Leave large sales in all partitions, as a relay does."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, compression_type="lz4"
    ) as producer:
        for each in range(number):
            headers = {
                "ce_id": str(uuid7()),
                "ce_type": "sales.sale-recorded.v1",
                "ce_time": datetime.now(UTC).isoformat(),
            }
            await producer.send(
                topic,
                a_large_sale(),
                partition=each % PARTITIONS,
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        await producer.flush()


@pytest.mark.parametrize("service", APPLIED)
async def test_large_sales_that_wait_fit_into_a_worker(
    service: str, engines: dict[str, AsyncEngine], topics: TopicFactory
) -> None:
    engine = engines[service]
    settings = await topics(*TOPICS, partitions=PARTITIONS)
    await wait_in_kafka(settings.kafka_bootstrap_servers, settings.topic(TOPICS[0]), WAITING)

    async def applied() -> int:
        async with engine.connect() as connection:
            return int((await connection.execute(text(APPLIED[service]))).scalar_one())

    async with service_process(
        f"{service}_service.worker",
        DATABASE_URL=engine.url.render_as_string(hide_password=False),
        KAFKA_BOOTSTRAP_SERVERS=settings.kafka_bootstrap_servers,
        TOPIC_PREFIX=settings.topic_prefix,
    ) as worker:
        await eventually(applied, WAITING, within_seconds=300)
        assert peak_bytes(worker) < bytes_allowed(f"{service}-worker")
