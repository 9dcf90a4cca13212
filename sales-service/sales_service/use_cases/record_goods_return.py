"""Records a return without receipt: document, lines, event and key, all or nothing."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.catalogue_cache import CatalogueCache
from sales_service.db.return_writing import write_return
from sales_service.db.returns import find_return
from sales_service.domain.goods_back import GoodsReturnDraft, are_repeated, take_goods_back
from sales_service.domain.return_errors import ReturnExists
from sales_service.events.return_events import returned_event
from sales_service.telemetry import count_return
from sales_service.use_cases.attempts import write_or_find
from sales_service.use_cases.record_return import RecordedReturn, refuse_id_of_sale
from service_kit.http.idempotency import KeyedRequest


async def record_goods_return(
    engine: AsyncEngine, catalogue: CatalogueCache, draft: GoodsReturnDraft, request: KeyedRequest
) -> RecordedReturn:
    """Record a return without receipt, and return it; a repeated one as it was recorded.

    A repetition gets the first answer, even if it would be refused today. Raises a `SalesError` or
    `EventTooLarge`.
    """
    recorded = await write_or_find(
        engine, lambda session: _take_back(session, catalogue, draft, request)
    )
    if not recorded.is_repeated:
        count_return(recorded.returned)
    return recorded


async def _take_back(
    session: AsyncSession,
    catalogue: CatalogueCache,
    draft: GoodsReturnDraft,
    request: KeyedRequest,
) -> RecordedReturn:
    if former := await request.claim(session):
        assert former.resource_id is not None
        earlier = await find_return(session, UUID(former.resource_id))
        assert earlier is not None
        return RecordedReturn(earlier, is_repeated=True)
    await request.record(session, resource_id=str(draft.return_id))
    if draft.has_chosen_id and (known := await find_return(session, draft.return_id)):
        if not are_repeated(draft, known):
            raise ReturnExists(known.id)
        return RecordedReturn(known, is_repeated=True)
    await refuse_id_of_sale(session, draft)
    assert draft.store_id is not None
    # Prices and taxes are of one moment: nobody changes them until the return is committed.
    goods = await catalogue.read_locked(
        session, draft.store_id, draft.product_ids, draft.returned_at
    )
    returned = take_goods_back(draft, goods, datetime.now(UTC))
    event = returned_event(returned)
    return RecordedReturn(await write_return(session, returned, event, request.client_id))
