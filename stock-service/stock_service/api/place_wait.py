"""Waits a moment for stores and products of a document whose events are still on their way."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.api.catalogue_wait import wait_until
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
    unknown = await wait_until(
        session,
        lambda: find_unknown(session, stores.values(), products.values()),
        lambda found: not (found.stores or found.products),
    )
    if unknown.stores or unknown.products:
        raise UnknownMembers(
            stores=_places(stores, unknown.stores),
            products=_places(products, unknown.products),
        )


def _places(given: Mapping[str, int], unknown: frozenset[int]) -> Sequence[str]:
    return [place for place, id in given.items() if id in unknown]
