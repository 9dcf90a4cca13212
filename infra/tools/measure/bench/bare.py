"""`python -m infra.tools.measure.bench.bare`: the limits for reads, a program and no framework.

uvicorn with an ASGI function: no routes, no keys, no metrics, no traces. DATABASE_URL and
HTTP_PORT as for the services; the first part of the path says what is done:

`/rows/N` the stock of store N, row by row out of asyncpg and into orjson; `/ready/NAME` an answer
that lies ready in one row of the database; `/memory/NAME` the same without asking the database;
`/unchanged` a 304.
"""

import os
from contextlib import suppress
from typing import Any

import asyncpg
import orjson
import uvicorn

_ROWS = """
    SELECT l.product_id AS id, p.name AS nom, p.category AS categorie,
        l.on_hand AS quantite_stock, CAST(p.unit_price AS float8) AS prix, l.store_id AS magasin_id,
        l.on_hand < 0 AS negatif
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    WHERE l.store_id = $1 ORDER BY l.product_id
"""
_READY = "SELECT body FROM bench_answers WHERE name = $1"


class Bare:
    """An ASGI application of four answers."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    ready: dict[str, bytes]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        _, kind, *name = scope["path"].split("/")
        if kind == "unchanged":
            await send({"type": "http.response.start", "status": 304, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if kind == "rows":
            rows = await self.pool.fetch(_ROWS, int(name[0]))
            body = orjson.dumps([dict(row) for row in rows])
        elif kind == "ready":
            body = await self.pool.fetchval(_READY, name[0])
        else:
            body = self.ready[name[0]]
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        url = os.environ["DATABASE_URL"].replace("+asyncpg", "")
        self.pool = await asyncpg.create_pool(url, min_size=8, max_size=8)
        answers = await self.pool.fetch("SELECT name, body FROM bench_answers")
        self.ready = {row["name"]: row["body"] for row in answers}
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvicorn.run(
            Bare(), port=int(os.environ["HTTP_PORT"]), access_log=False, log_level="warning"
        )
