"""Gives the till of each store a key of its own."""

import os
import secrets
from collections.abc import Collection

from sqlalchemy.ext.asyncio import create_async_engine

from service_kit.http.api_keys import ensure_key

# An invoice has its own prices and the dates of 2010 and 2011.
RIGHTS = ("backdate", "price-override")


async def make_till_keys(store_ids: Collection[int]) -> dict[int, str]:
    """Return the key of each store's till; a till calls the sales service only.

    The client's name stays from one replay to the next, and so do its idempotency keys.
    """
    url = os.environ.get("COMPTOIR_SALES_DATABASE_URL")
    if not url:
        raise SystemExit("COMPTOIR_SALES_DATABASE_URL is not set: start this through make")
    keys = {store_id: secrets.token_urlsafe(32) for store_id in store_ids}
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for store_id, key in keys.items():
            await ensure_key(connection, key, "till", f"replay-{store_id}", [store_id], RIGHTS)
    await engine.dispose()
    return keys
