"""`python -m tests.system.cut_off.holding DATABASE_URL`: holds a lock, and reads a large answer."""

import asyncio
import sys

from sqlalchemy import text

from service_kit.database.sessions import open_engine
from service_kit.settings import ServiceSettings

LOCK = 19
# Within the lock's transaction the server sends a megabyte every 50 ms.
_LARGE = text("SELECT repeat('x', 1000000), pg_sleep(0.05) FROM generate_series(1, 150)")


async def main(url: str) -> None:
    settings = ServiceSettings(service_name="holding", database_url=url, http_port=1)
    async with open_engine(settings) as engine, engine.begin() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        await connection.execute(_LARGE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
