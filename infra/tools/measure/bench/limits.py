"""`python -m infra.tools.measure.bench.limits`: the least cost of the same answers.

uvicorn with an ASGI function: no framework, no keys, no metrics, no traces. DATABASE_URL and
HTTP_PORT as for the services. It answers:

    GET  /rows/N      the stock of store N, read row by row
    PUT  /memory      keeps a body, which GET /memory returns
    GET  /unchanged   a 304
    POST /sale        a sale of three lines in a transaction of four statements
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import uvicorn
from uuid_utils.compat import uuid7

from infra.tools.measure.bench.lab import plain

MODULE = "infra.tools.measure.bench.limits"
CONNECTIONS = 8  # to the database, as many as an API has for its transactions
_ROWS = """
    SELECT l.product_id AS id, p.name AS nom, p.category AS categorie,
        l.on_hand AS quantite_stock, CAST(p.unit_price AS float8) AS prix, l.store_id AS magasin_id,
        l.on_hand < 0 AS negatif
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    WHERE l.store_id = $1 ORDER BY l.product_id
"""
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
_HASH, _PAYLOAD = b"h" * 32, b"x" * 900  # about the size of an event of three lines


class Bare:
    """An ASGI application of five answers."""

    def __init__(self) -> None:
        self.memory = b""
        self.pool: asyncpg.Pool[asyncpg.Record]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        status, body = await self._answer(scope, receive)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Any, receive: Any) -> tuple[int, bytes]:
        _, kind, *name = scope["path"].split("/")
        if kind == "unchanged":
            return 304, b""
        if kind == "rows":
            rows = await self.pool.fetch(_ROWS, int(name[0]))
            return 200, msgspec.json.encode([dict(row) for row in rows])
        if scope["method"] == "GET":
            return 200, self.memory
        body = await _read_body(receive)
        if kind == "memory":
            self.memory = body
            return 200, b""
        await self._sell(json.loads(body))
        return 201, b"{}"

    async def _sell(self, sale: Mapping[str, Any]) -> None:
        sale_id, store = uuid7(), sale["magasin_id"]
        products = [line["produit_id"] for line in sale["panier"]]
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(_KEY, str(sale_id), _HASH)
            await connection.execute(_SALE, sale_id, store, datetime.now(UTC))
            await connection.execute(_LINES, sale_id, products)
            await connection.execute(_EVENT, sale_id, str(store), _PAYLOAD)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        url = plain(os.environ["DATABASE_URL"])
        self.pool = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _read_body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message["body"], message["more_body"]
    return body


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvicorn.run(
            Bare(), port=int(os.environ["HTTP_PORT"]), access_log=False, log_level="warning"
        )
