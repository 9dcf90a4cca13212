"""Record a sale: receipt, lines and event in one transaction."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.catalogue import find_products_for_sale, read_store_for_sale
from sales_service.db.sales import insert_sale, next_sale_number
from sales_service.domain.errors import SaleExists
from sales_service.domain.sale import Sale, SaleDraft, ring_up, unknown_references
from sales_service.events.published import SALES_TOPIC, SaleRecorded
from sales_service.use_cases.sale_messages import sale_fields
from service_kit.outbox import OutgoingEvent, add_to_outbox


async def record_sale(session: AsyncSession, draft: SaleDraft, client_id: str) -> Sale:
    """The written sale: confirmed in a permissive store, pending in a strict one.

    Raises `UnknownReference`, `ImpossibleSale`, `StoreClosed` or `SaleExists`.
    """
    store = await read_store_for_sale(session, draft.store_id)
    products = await find_products_for_sale(session, [line.product_id for line in draft.lines])
    if unknown := unknown_references(draft, store, products):
        raise unknown
    assert store is not None
    number = await next_sale_number(session, store.id)
    sale = ring_up(draft, store, products, number, datetime.now(UTC))
    if not await insert_sale(session, sale, client_id):
        raise SaleExists(f"La vente {sale.id} existe déjà.")
    await add_to_outbox(
        session,
        [
            OutgoingEvent(
                topic=SALES_TOPIC,
                key=str(sale.store_id),
                type=SaleRecorded.TYPE,
                subject=str(sale.id),
                body=SaleRecorded(**sale_fields(sale)),
            )
        ],
    )
    return sale
