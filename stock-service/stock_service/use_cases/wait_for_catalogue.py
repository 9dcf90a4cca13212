"""Look a store and products up in the copies, and wait a moment for those that are on their way."""

import asyncio
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.catalogue import CatalogueLookup, look_up_catalogue
from stock_service.domain.entries import StockEntry
from stock_service.domain.errors import Fault, UnknownProduct, UnknownStore

# A client that creates a product and at once receives goods is faster than the event that
# brings us the product: some milliseconds usually, hundreds after a pause of the broker.
CATALOGUE_WAIT = timedelta(seconds=1)
CATALOGUE_POLL = timedelta(milliseconds=50)


async def wait_for_catalogue(session: AsyncSession, entry: StockEntry) -> CatalogueLookup:
    """What is known of the entry's store and products.

    Raises `UnknownStore` or `UnknownProduct`, with all that is unknown, when the wait is over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CATALOGUE_WAIT.total_seconds()
    product_ids = [each.product_id for each in entry.entries]
    while True:
        found = await look_up_catalogue(session, entry.store_id, product_ids)
        # Gives the connection back: a waiting request must not keep the others from theirs.
        await session.close()
        if found.is_complete:
            return found
        if loop.time() >= deadline:
            raise _unknown(entry, found)
        await asyncio.sleep(CATALOGUE_POLL.total_seconds())


def _unknown(entry: StockEntry, found: CatalogueLookup) -> UnknownStore | UnknownProduct:
    product: Fault = {"code": UnknownProduct.code, "detail": "Ce produit n'existe pas."}
    faults = [
        fault
        for each in entry.entries
        if each.product_id in found.unknown_products
        for fault in each.faults("produit_id", product)
    ]
    if found.stock_policy is not None:
        return UnknownProduct(f"{len(found.unknown_products)} produit(s) inconnu(s).", faults)
    store: Fault = {
        "pointer": "/magasin_id",
        "code": UnknownStore.code,
        "detail": "Ce magasin n'existe pas.",
    }
    return UnknownStore(f"Aucun magasin n'a l'identifiant {entry.store_id}.", [store, *faults])
