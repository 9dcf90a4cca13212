"""Keeps the newest labels of products and stores."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.catalogue import Product, Store, keep_newest_products, keep_newest_stores
from report_service.events.consumed import ProductChanged, StoreChanged


async def keep_products(session: AsyncSession, changes: Iterable[ProductChanged]) -> None:
    """Keep the products of a batch that are newer than the stored ones."""
    newest: dict[int, Product] = {}
    for each in changes:
        known = newest.get(each.product_id)
        if known is None or known.version < each.version:
            newest[each.product_id] = Product(
                each.product_id, each.version, each.sku, each.name, each.category
            )
    if newest:
        await keep_newest_products(session, list(newest.values()))


async def keep_stores(session: AsyncSession, changes: Iterable[StoreChanged]) -> None:
    """Keep the stores of a batch that are newer than the stored ones."""
    newest: dict[int, Store] = {}
    for each in changes:
        known = newest.get(each.store_id)
        if known is None or known.version < each.version:
            newest[each.store_id] = Store(
                each.store_id, each.version, each.name, each.city, each.kind
            )
    if newest:
        await keep_newest_stores(session, list(newest.values()))
