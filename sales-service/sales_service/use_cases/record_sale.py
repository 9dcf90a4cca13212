"""Record a sale: receipt, lines and event in one transaction."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.catalogue import find_products_for_sale, read_store_for_sale
from sales_service.db.sales import find_sales, insert_sale, next_sale_number
from sales_service.domain.errors import SaleExists
from sales_service.domain.sale import (
    Sale,
    SaleDraft,
    is_repetition,
    ring_up,
    unknown_references,
)
from sales_service.events.published import SALES_TOPIC, SaleRecorded
from sales_service.telemetry import count_decided
from sales_service.use_cases.sale_messages import sale_fields
from service_kit.outbox import OutgoingEvent, add_to_outbox

# What SaleConfirmed says beyond SaleRecorded.
BYTES_OF_A_DECISION = 1000


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A sale that stands, and whether an earlier request has written it."""

    sale: Sale
    is_repeated: bool = False


async def record_sale(session: AsyncSession, draft: SaleDraft, client_id: str) -> RecordedSale:
    """The written sale: confirmed in a permissive store, pending in a strict one.

    A till that repeats its own `sale_id` with the same content gets the sale that stands.
    Raises `UnknownReference`, `ImpossibleSale`, `StoreClosed` or `SaleExists`.
    """
    # First, lest a repetition use a receipt number up, or fail for what has changed meanwhile.
    if draft.has_chosen_id and (known := await _find_repeated(session, draft)):
        return known
    store = await read_store_for_sale(session, draft.store_id)
    products = await find_products_for_sale(session, [line.product_id for line in draft.lines])
    if unknown := unknown_references(draft, store, products):
        raise unknown
    assert store is not None
    number = await next_sale_number(session, store.id)
    sale = ring_up(draft, store, products, number, datetime.now(UTC))
    if not await insert_sale(session, sale, client_id):
        # Its twin has committed while this one was being rung up.
        known = await _find_repeated(session, draft)
        assert known is not None
        return known
    await add_to_outbox(
        session,
        [
            OutgoingEvent(
                topic=SALES_TOPIC,
                key=str(sale.store_id),
                type=SaleRecorded.TYPE,
                subject=str(sale.id),
                body=SaleRecorded(**sale_fields(sale)),
                reserve=BYTES_OF_A_DECISION,
            )
        ],
    )
    count_decided(session, [sale])
    return RecordedSale(sale)


async def _find_repeated(session: AsyncSession, draft: SaleDraft) -> RecordedSale | None:
    """The sale that has the draft's id; raises `SaleExists` when it is another one."""
    sale = (await find_sales(session, [draft.sale_id])).get(draft.sale_id)
    if sale is None:
        return None
    if not is_repetition(draft, sale):
        raise SaleExists(f"La vente {sale.id} existe déjà, avec un autre contenu.")
    return RecordedSale(sale, is_repeated=True)
