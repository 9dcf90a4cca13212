"""Copies stores, products and API keys from the events of their owner."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.cloud_events import Event, Subscription
from service_kit.events.key_changes import KeyChanged, keep_keys
from stock_service.db.catalogue import ProductCopy, StoreCopy, upsert_products, upsert_stores
from stock_service.db.limits import lock_limits
from stock_service.domain.levels import ProductId, StoreId
from stock_service.events.consumed import (
    CATALOGUE_DECODERS,
    IGNORED_OF_CATALOGUE,
    ProductChanged,
    StoreChanged,
)
from stock_service.events.topics import CATALOGUE_TOPIC


async def apply(
    session: AsyncSession, events: Sequence[Event[StoreChanged | ProductChanged | KeyChanged]]
) -> None:
    stores: dict[StoreId, StoreCopy] = {}
    products: dict[ProductId, ProductCopy] = {}
    keys: list[KeyChanged] = []
    # Oldest first, so that the dict keeps the highest version: one statement cannot write a row
    # twice.
    for body in sorted((event.body for event in events), key=lambda body: body.version):
        if isinstance(body, StoreChanged):
            stores[body.store_id] = _store(body)
        elif isinstance(body, KeyChanged):
            keys.append(body)
        else:
            products[body.product_id] = _product(body)
    if stores or products:
        await lock_limits(session)
    if stores:
        await upsert_stores(session, list(stores.values()))
    if products:
        await upsert_products(session, list(products.values()))
    await keep_keys(session, keys)


def _store(body: StoreChanged) -> StoreCopy:
    return StoreCopy(
        id=body.store_id,
        version=body.version,
        name=body.name,
        city=body.city,
        kind=body.kind,
        stock_policy=body.stock_policy,
        is_active=body.is_active,
    )


def _product(body: ProductChanged) -> ProductCopy:
    return ProductCopy(
        id=body.product_id,
        version=body.version,
        sku=body.sku,
        name=body.name,
        category=body.category,
        unit_price=body.unit_price,
        is_active=body.is_active,
    )


SUBSCRIPTION = Subscription(CATALOGUE_TOPIC, CATALOGUE_DECODERS, apply, IGNORED_OF_CATALOGUE)
