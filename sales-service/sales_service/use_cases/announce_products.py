"""Announces what products are now."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.catalogue import ProductRow
from sales_service.events.published import ProductChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


async def announce_products(session: AsyncSession, products: Sequence[ProductRow]) -> None:
    """Announce products that the session's transaction has added or changed."""
    await add_to_outbox(session, [_changed(product) for product in products])


def _changed(product: ProductRow) -> OutgoingEvent:
    return OutgoingEvent(
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
            barcode=product.barcode,
        ),
    )
