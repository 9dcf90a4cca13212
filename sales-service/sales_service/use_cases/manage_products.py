"""Adds products to the chain's catalogue and changes them; each change is announced."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db import catalogue
from sales_service.db.catalogue import ProductRow
from sales_service.domain.errors import SkusTaken, SkuTaken, TakenSku, UnknownProduct
from sales_service.events.published import ProductChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


async def add_product(session: AsyncSession, product: dict[str, Any]) -> ProductRow:
    """Add a product and return it; raise `SkuTaken`."""
    try:
        [added] = await add_products(session, [product])
    except SkusTaken as error:
        [taken] = error.taken
        raise SkuTaken(taken.sku, taken.product_id) from error
    return added


async def add_products(
    session: AsyncSession, products: Sequence[dict[str, Any]]
) -> list[ProductRow]:
    """Add products, all or none, and return them; raise `SkusTaken`."""
    added = await catalogue.insert_products(session, products)
    if len(added) < len(products):
        raise SkusTaken(await _find_taken(session, products, {product.id for product in added}))
    await _announce(session, added)
    return added


async def _find_taken(
    session: AsyncSession, products: Sequence[dict[str, Any]], added: set[int]
) -> list[TakenSku]:
    skus = [product["sku"] for product in products]
    owners = await catalogue.find_product_ids_by_sku(session, [sku for sku in skus if sku])
    return [
        # A repeated SKU belongs to a product that is about to be rolled back.
        TakenSku(index, sku, None if owners[sku] in added else owners[sku])
        for index, sku in enumerate(skus)
        if sku in owners and (owners[sku] not in added or skus.count(sku) > 1)
    ]


async def change_product(
    session: AsyncSession, product_id: int, changes: dict[str, Any]
) -> ProductRow:
    """Change a product, but not its past sales, and return it.

    Raises `UnknownProduct` or `SkuTaken`.
    """
    try:
        product = await catalogue.update_product(session, product_id, changes)
    except IntegrityError as error:
        raise SkuTaken(changes.get("sku", "")) from error
    if product is None:
        raise UnknownProduct
    await _announce(session, [product])
    return product


async def _announce(session: AsyncSession, products: Sequence[ProductRow]) -> None:
    await add_to_outbox(
        session,
        [
            OutgoingEvent(
                topic=CATALOGUE_TOPIC,
                key=str(product.id),
                type=ProductChanged.TYPE,
                subject=f"product/{product.id}",
                body=ProductChanged(
                    product_id=product.id,
                    version=product.version,
                    sku=product.sku,
                    name=product.name,
                    category=product.category,
                    unit_price=product.unit_price,
                    is_active=product.is_active,
                    changed_at=product.updated_at,
                ),
            )
            for product in products
        ],
    )
