"""`python -m …bench.bare_sales CONNECTIONS SECONDS`: the limit for durable sales.

It writes the rows of a sale of three lines, its event and its Idempotency-Key into the database of
DATABASE_URL, with asyncpg in a transaction of four statements, and prints JSON.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import psutil
from uuid_utils.compat import uuid7

from infra.tools.measure.bench.processes import Meter

_KEY = """INSERT INTO idempotency_keys (client_id, key, request_hash, resource_id)
    VALUES ('bench/till', $1::text, $2::bytea, $1::text)"""
_SALE = """INSERT INTO sales (id, store_id, number, status, stock_policy, sold_at,
        utc_offset_minutes, recorded_at, business_date, local_hour, currency, taxes, total_cents,
        tax_cents, client_id)
    SELECT $1::uuid, store, store || '-' || nextval(('sale_number_' || store)::regclass),
        'confirmed', 'permissive', now, -300, now, now::date, 12, 'CAD',
        '[{"code": "TPS", "rate": "0.05"}]', 600, 90, 'bench/till'
    FROM (SELECT $2::int AS store, $3::timestamptz AS now) AS given"""
_LINES = """INSERT INTO sale_lines (sale_id, line_no, product_id, product_name, category, quantity,
        unit_price, amount_cents, tax_cents)
    SELECT $1::uuid, n, p, 'Produit ' || p, 'Rayon', 1, 1, 100, 15
    FROM unnest($2::int[]) WITH ORDINALITY AS l(p, n)"""
_EVENT = """INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    VALUES ($1::uuid, 'sales.events.v1', $2::text, 'sales.sale-recorded.v1', $1::uuid::text,
        $3::bytea)"""
_PAYLOAD = b"x" * 900  # about the size of an event of three lines
_HASH = b"h" * 32


async def _write(connection: Any, sale_id: UUID, store: int) -> None:
    products = [1 + sale_id.int % 1999, 2 + sale_id.int % 1998, 3 + sale_id.int % 1997]
    async with connection.transaction():
        await connection.execute(_KEY, str(sale_id), _HASH)
        await connection.execute(_SALE, sale_id, store, datetime.now(UTC))
        await connection.execute(_LINES, sale_id, products)
        await connection.execute(_EVENT, sale_id, str(store), _PAYLOAD)


async def sell(connections: int, seconds: float) -> dict[str, float]:
    """Sell on all connections; return the rate and the CPU time of a sale."""
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    opened = [await asyncpg.connect(url) for _ in range(connections)]
    backends = [psutil.Process(await each.fetchval("SELECT pg_backend_pid()")) for each in opened]
    meter, began = Meter({"process": [psutil.Process()], "postgresql": backends}), perf_counter()

    async def sell_on(number: int) -> int:
        sold = 0
        while perf_counter() < began + seconds:
            await _write(opened[number], uuid7(), 1 + (number + sold) % 30)
            sold += 1
        return sold

    sold = sum(await asyncio.gather(*map(sell_on, range(connections))))
    took, used = meter.read()
    for each in opened:
        await each.close()
    per_sale = {f"{name}_us": each / sold * 1e6 for name, each in used.items()}
    return per_sale | {"rate": sold / took}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(sell(int(sys.argv[1]), float(sys.argv[2])))))
