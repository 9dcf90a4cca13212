"""Waits a moment for stores and products of a document whose events are still on their way."""

import asyncio
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.api import catalogue_wait
from stock_service.db.places import find_unknown
from stock_service.domain.errors import UnknownMembers
from stock_service.domain.levels import ProductId, StoreId


async def wait_for_places(
    session: AsyncSession,
    stores: Mapping[str, StoreId],
    products: Mapping[str, ProductId],
) -> None:
    """Return once all stores and products are known, each given by its place in the body.

    A place is a JSON Pointer. Raises `UnknownMembers` when the wait is over.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + catalogue_wait.CATALOGUE_WAIT.total_seconds()
    while True:
        unknown = await find_unknown(session, stores.values(), products.values())
        # Gives the connection back: a waiting request must not keep the others from theirs.
        await session.close()
        if not (unknown.stores or unknown.products):
            return
        if loop.time() >= deadline:
            raise UnknownMembers(
                stores=_places(stores, unknown.stores),
                products=_places(products, unknown.products),
            )
        await asyncio.sleep(catalogue_wait.CATALOGUE_POLL.total_seconds())


def _places(given: Mapping[str, int], unknown: frozenset[int]) -> Sequence[str]:
    return [place for place, id in given.items() if id in unknown]
