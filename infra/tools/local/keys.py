"""The demo's API keys: one of all stores for each role, and keys of one store on request."""

import base64
import hmac

from sqlalchemy.ext.asyncio import create_async_engine

from infra.tools.local.layout import ROLES, SERVICES, Layout
from service_kit.http.api_keys import ensure_key

# The till of all stores plays recorded sales (`make load DATA=…`), with their prices and dates.
RIGHTS_IN_ALL_STORES = {
    "till": ("backdate", "price-override"),
    "manager": ("backdate", "price-override", "return-without-receipt", "see-costs"),
}
RIGHTS_IN_ONE_STORE = {"manager": RIGHTS_IN_ALL_STORES["manager"]}


async def ensure_demo_keys(layout: Layout, service: str) -> None:
    """Store the key of each role in a service's database; it reaches all stores."""
    engine = create_async_engine(layout.database_url(service))
    async with engine.begin() as connection:
        for role in ROLES:
            key = layout.secrets[role]
            rights = RIGHTS_IN_ALL_STORES.get(role, ())
            await ensure_key(connection, key, role, "demo", rights=rights)
    await engine.dispose()


async def ensure_store_key(layout: Layout, role: str, store_id: int) -> str:
    """Return the key of a role in one store, known to all services from now on."""
    key = _derive(layout.secrets[role], store_id)
    rights = RIGHTS_IN_ONE_STORE.get(role, ())
    for service in SERVICES:
        engine = create_async_engine(layout.database_url(service))
        async with engine.begin() as connection:
            await ensure_key(connection, key, role, f"demo-{store_id}", [store_id], rights)
        await engine.dispose()
    return key


def _derive(secret: str, store_id: int) -> str:
    # The same at every request, with nothing to store; it does not tell the secret of all stores.
    digest = hmac.digest(secret.encode(), f"store {store_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
