"""Add products to the chain's catalogue and change them; every change goes out as new state."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db import catalogue
from sales_service.db.catalogue import ProductRow
from sales_service.domain.errors import ProductExists, UnknownProduct
from sales_service.events.published import ProductChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


async def add_products(
    session: AsyncSession, products: Sequence[dict[str, Any]], pointers: Sequence[str]
) -> list[ProductRow]:
    """The new products, all or none; raises `ProductExists` with every SKU that is taken.

    `pointers` are the JSON Pointers of the products' SKUs in the request.
    """
    added = await catalogue.insert_products(session, products)
    if len(added) < len(products):
        skus = [product["sku"] for product in products]
        known = await catalogue.find_product_ids_by_sku(session, [s for s in skus if s])
        fresh = {product.id for product in added}
        raise ProductExists(
            "Un produit porte déjà ce SKU.",
            [
                {
                    "pointer": pointer,
                    "code": "produit-existant",
                    "detail": f"Le SKU {sku} est pris ou répété.",
                    **({} if known[sku] in fresh else {"produit_id": known[sku]}),
                }
                for sku, pointer in zip(skus, pointers, strict=True)
                if sku in known and (known[sku] not in fresh or skus.count(sku) > 1)
            ],
        )
    await _announce(session, added)
    return added


async def change_product(
    session: AsyncSession, product_id: int, changes: dict[str, Any]
) -> ProductRow:
    """The changed product; raises `UnknownProduct` or `ProductExists`. Past sales keep theirs."""
    try:
        product = await catalogue.update_product(session, product_id, changes)
    except IntegrityError as error:
        raise ProductExists("Un produit porte déjà ce SKU.") from error
    if product is None:
        raise UnknownProduct("Produit introuvable")
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
