"""Record a sale: receipt, lines, event and the request's key, all or nothing."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.known_catalogue import Goods, KnownCatalogue
from sales_service.db.sale_writing import write_sale
from sales_service.db.sales import find_sales
from sales_service.domain.errors import SaleExists, SalesError
from sales_service.domain.sale import Sale, SaleDraft, is_repetition, ring_up, unknown_references
from sales_service.events.published import SALES_TOPIC, SaleRecorded
from sales_service.telemetry import count_sales
from sales_service.use_cases.sale_messages import sale_fields
from service_kit.events.outbox import EventTooLarge, OutgoingEvent
from service_kit.http.idempotency import KeyedRequest, claim, key_in_motion, record_outcome

# What SaleConfirmed says beyond SaleRecorded.
BYTES_OF_A_DECISION = 1000
# Each after the second needs a key or an id that is taken just between two statements.
_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A sale that stands, and whether an earlier request has written it."""

    sale: Sale
    is_repeated: bool = False


async def record_sale(
    engine: AsyncEngine, catalogue: KnownCatalogue, draft: SaleDraft, request: KeyedRequest
) -> RecordedSale:
    """The written sale: confirmed in a permissive store, pending in a strict one.

    A repetition, by the request's key or by the till's own `sale_id` with the same content, gets
    the sale that stands. Raises `UnknownReference`, `ImpossibleSale`, `StoreClosed`,
    `SaleExists` or `EventTooLarge`.
    """
    for attempt in range(_ATTEMPTS):
        write = _write_as_known if attempt == 0 else _write_as_held
        sale, refusal = await write(engine, catalogue, draft, request)
        if sale:
            count_sales([sale])
            return RecordedSale(sale)
        # Nothing is written. What an earlier request has done goes before any refusal.
        if earlier := await _find_earlier(engine, draft, request):
            return earlier
        if refusal:
            raise refusal
    raise key_in_motion()


async def _write_as_known(
    engine: AsyncEngine, catalogue: KnownCatalogue, draft: SaleDraft, request: KeyedRequest
) -> tuple[Sale | None, Exception | None]:
    """The sale by what the process knows, which refuses nothing unless it was read just now."""
    goods = await catalogue.look_up(draft.store_id, [line.product_id for line in draft.lines])
    sale, refusal = await _try_to_write(engine, draft, goods, request)
    return sale, refusal if goods.is_fresh else None


async def _write_as_held(
    engine: AsyncEngine, catalogue: KnownCatalogue, draft: SaleDraft, request: KeyedRequest
) -> tuple[Sale | None, Exception | None]:
    """The sale by the newest catalogue, which waits meanwhile.

    Prices that change faster than they are read would hold a sale up for ever.
    """
    async with AsyncSession(engine) as session:
        goods = await catalogue.hold(
            session, draft.store_id, [line.product_id for line in draft.lines]
        )
        sale, refusal = await _try_to_write(session, draft, goods, request)
        await (session.commit() if sale else session.rollback())
        return sale, refusal


async def _try_to_write(
    on: AsyncEngine | AsyncSession, draft: SaleDraft, goods: Goods, request: KeyedRequest
) -> tuple[Sale | None, Exception | None]:
    """The written sale, or why the goods refuse it; neither when something is in its way."""
    try:
        return await _write(on, draft, goods, request), None
    except (SalesError, EventTooLarge) as refusal:
        return None, refusal


async def _write(
    on: AsyncEngine | AsyncSession, draft: SaleDraft, goods: Goods, request: KeyedRequest
) -> Sale | None:
    if unknown := unknown_references(draft, goods.store, goods.products):
        raise unknown
    assert goods.store is not None
    sale = ring_up(draft, goods.store, goods.products, "", datetime.now(UTC))
    event = OutgoingEvent(
        topic=SALES_TOPIC,
        key=str(sale.store_id),
        type=SaleRecorded.TYPE,
        subject=str(sale.id),
        body=SaleRecorded(**sale_fields(sale)),
        reserve=BYTES_OF_A_DECISION,
    )
    used = list(goods.products.values())
    number = await write_sale(on, sale, event, request, goods.store, used)
    return None if number is None else replace(sale, number=number)


async def _find_earlier(
    engine: AsyncEngine, draft: SaleDraft, request: KeyedRequest
) -> RecordedSale | None:
    """The sale that the key or the draft's own id stands for; raises `SaleExists`."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        if former := await claim(session, request):
            assert former.resource_id is not None
            sale_id = UUID(former.resource_id)
            return RecordedSale((await find_sales(session, [sale_id]))[sale_id], is_repeated=True)
        if draft.has_chosen_id and (known := await _find_repeated(session, draft)):
            await record_outcome(session, request.caller, request.key, resource_id=str(known.id))
            return RecordedSale(known, is_repeated=True)
        # Whoever takes the key does so together with a sale.
        await session.rollback()
        return None


async def _find_repeated(session: AsyncSession, draft: SaleDraft) -> Sale | None:
    sale = (await find_sales(session, [draft.sale_id])).get(draft.sale_id)
    if sale is not None and not is_repetition(draft, sale):
        raise SaleExists(f"La vente {sale.id} existe déjà, avec un autre contenu.")
    return sale
