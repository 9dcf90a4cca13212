"""`python -m …bench.bare_sales one|four CONNECTIONS SECONDS`: the limit for durable sales.

The rows of a sale of three lines with its event and its Idempotency-Key, written with asyncpg into
the database of DATABASE_URL: in a transaction of four statements, or all in one. Prints JSON.
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

from infra.tools.measure.bench.processes import cpu_seconds

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
_ALL = f"""WITH key AS ({_KEY}),
    sale AS ({_SALE.replace("$3", "$4").replace("$2", "$5").replace("$1", "$3")}),
    lines AS ({_LINES.replace("$2", "$6").replace("$1", "$3")})
    {_EVENT.replace("$3", "$8").replace("$2", "$7").replace("$1", "$3")}"""
_PAYLOAD = b"x" * 900  # about what an event of three lines has
_HASH = b"h" * 32


async def write_four(connection: Any, sale_id: UUID, store: int, now: datetime) -> None:
    """A transaction as one writes it by hand."""
    async with connection.transaction():
        await connection.execute(_KEY, str(sale_id), _HASH)
        await connection.execute(_SALE, sale_id, store, now)
        await connection.execute(_LINES, sale_id, _products(sale_id))
        await connection.execute(_EVENT, sale_id, str(store), _PAYLOAD)


async def write_one(connection: Any, sale_id: UUID, store: int, now: datetime) -> None:
    """One statement and one round trip."""
    products = _products(sale_id)
    await connection.execute(
        _ALL, str(sale_id), _HASH, sale_id, now, store, products, str(store), _PAYLOAD
    )


def _products(sale_id: UUID) -> list[int]:
    return [1 + sale_id.int % 1999, 2 + sale_id.int % 1998, 3 + sale_id.int % 1997]


async def sell(way: str, connections: int, seconds: float) -> dict[str, float]:
    """Sell on all connections; what it took."""
    write = write_one if way == "one" else write_four
    url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
    opened = [await asyncpg.connect(url) for _ in range(connections)]
    backends = [psutil.Process(await each.fetchval("SELECT pg_backend_pid()")) for each in opened]
    mine = [psutil.Process()]
    before, began = (cpu_seconds(mine), cpu_seconds(backends)), perf_counter()

    async def one_after_the_other(number: int) -> int:
        sold = 0
        while perf_counter() < began + seconds:
            await write(opened[number], uuid7(), 1 + (number + sold) % 30, datetime.now(UTC))
            sold += 1
        return sold

    sold = sum(await asyncio.gather(*map(one_after_the_other, range(connections))))
    took = perf_counter() - began
    after = cpu_seconds(mine), cpu_seconds(backends)
    for each in opened:
        await each.close()
    return {
        "process_us": (after[0] - before[0]) / sold * 1e6,
        "postgresql_us": (after[1] - before[1]) / sold * 1e6,
        "rate": sold / took,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(sell(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))))
