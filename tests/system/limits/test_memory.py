"""The largest input that is allowed fits into a container's memory."""

from pathlib import Path

import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.layout import ROOT
from sales_service.api.sale_schemas import MOST_LINES
from tests.fixtures.processes import ServiceProcess
from tests.system.limits.conftest import serve_shop

SALES = 500  # the longest page
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
