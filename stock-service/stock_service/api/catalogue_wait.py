"""Waits a moment for a store and products whose events are still on their way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.catalogue import CatalogueLookup, look_up_catalogue
from stock_service.db.lots import LotLookup, look_up_lot
from stock_service.domain.entries import Entry
from stock_service.domain.errors import UnknownReferences
from stock_service.domain.levels import LevelKey, StoreId

# A client that creates a product and receives goods at once is faster than the product's event.
# The event usually takes milliseconds, and longer after a pause of the broker.
CATALOGUE_WAIT = timedelta(seconds=1)
CATALOGUE_POLL = timedelta(milliseconds=50)

Found = TypeVar("Found")


async def wait_until(
    session: AsyncSession,
    look_up: Callable[[], Awaitable[Found]],
    is_complete: Callable[[Found], bool],
) -> Found:
    """Look up until what is found is complete or the wait is over, and return it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CATALOGUE_WAIT.total_seconds()
    while True:
        found = await look_up()
        # Gives the connection back: a waiting request must not keep the others from theirs.
        await session.close()
        if is_complete(found) or loop.time() >= deadline:
            return found
        await asyncio.sleep(CATALOGUE_POLL.total_seconds())


async def wait_for_catalogue(
    session: AsyncSession, store_id: StoreId, entries: Sequence[Entry]
) -> CatalogueLookup:
    """Return what is known of a store and of the entries' products once all of them are known.

    Raises `UnknownReferences`, with all that is unknown, when the wait is over.
    """
    product_ids = [each.product_id for each in entries]
    found = await wait_until(
        session,
        lambda: look_up_catalogue(session, store_id, product_ids),
        lambda found: found.is_complete,
    )
    if not found.is_complete:
        raise _unknown(store_id, entries, found)
    return found


async def wait_for_lot(
    session: AsyncSession, keys: Iterable[LevelKey], *, is_refused: bool
) -> LotLookup:
    """Return what is known of these stores and products, once all is or the wait is over.

    A lot that is refused anyway does not wait.
    """
    wanted = list(keys)
    stores = {key.store_id for key in wanted}
    products = {key.product_id for key in wanted}
    return await wait_until(
        session,
        lambda: look_up_lot(session, stores, products),
        lambda found: is_refused or (found.stores >= stores and found.products >= products),
    )


def _unknown(
    store_id: StoreId, entries: Sequence[Entry], found: CatalogueLookup
) -> UnknownReferences:
    unknown = [each for each in entries if each.product_id in found.unknown_products]
    return UnknownReferences(
        unknown_store=store_id if found.stock_policy is None else None,
        unknown_products=len(unknown),
        lines=[line for each in unknown for line in each.lines],
    )
