"""`python -m infra.tools.measure.bench.bare`: the limits for reads, without any framework.

uvicorn with an ASGI function: no routes, no keys, no metrics, no traces. DATABASE_URL and
HTTP_PORT as for the services. `/rows/N` reads the stock of store N row by row; `/memory/NAME`
answers the file NAME of the folder ANSWERS, read once; `/unchanged` is a 304.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvicorn

_ROWS = """
    SELECT l.product_id AS id, p.name AS nom, p.category AS categorie,
        l.on_hand AS quantite_stock, CAST(p.unit_price AS float8) AS prix, l.store_id AS magasin_id,
        l.on_hand < 0 AS negatif
    FROM stock_levels AS l JOIN products AS p ON p.id = l.product_id
    WHERE l.store_id = $1 ORDER BY l.product_id
"""


class Bare:
    """An ASGI application of three answers."""

    def __init__(self, memory: Mapping[str, bytes]) -> None:
        self.memory = memory
        self.pool: asyncpg.Pool[asyncpg.Record]

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
            body = msgspec.json.encode([dict(row) for row in rows])
        else:
            body = self.memory[name[0]]
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
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    answers = {file.name: file.read_bytes() for file in Path(os.environ["ANSWERS"]).iterdir()}
    port = int(os.environ["HTTP_PORT"])
    with suppress(KeyboardInterrupt):
        uvicorn.run(Bare(answers), port=port, access_log=False, log_level="warning")
