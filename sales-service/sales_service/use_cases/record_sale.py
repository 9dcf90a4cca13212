"""Records a sale: receipt, lines, event and the request's key, all or nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.catalogue_cache import CatalogueCache
from sales_service.db.returns import is_return
from sales_service.db.sale_writing import NothingWritten, write_sale
from sales_service.db.sales import find_sale
from sales_service.domain.errors import IdOfReturn, SaleExists, SalesError
from sales_service.domain.repetition import find_differences
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import Sale, SaleDraft
from sales_service.events.sale_events import recorded
from sales_service.telemetry import count_sales
from service_kit.database.single_statement import autocommit, within
from service_kit.events.outbox import EventTooLarge
from service_kit.http.idempotency import KeyedRequest, key_in_motion


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A committed sale, and whether an earlier request recorded it."""

    sale: Sale
    is_repeated: bool = False


async def record_sale(
    engine: AsyncEngine, catalogue: CatalogueCache, draft: SaleDraft, request: KeyedRequest
) -> RecordedSale:
    """Record the sale and return it: confirmed in a permissive store, pending in a strict one.

    A repeated request, recognised by its key or by the till's own `sale_id` with the same content,
    gets the sale that an earlier request recorded. Raises a `SalesError` or `EventTooLarge`.
    """
    for write in _ATTEMPTS:
        try:
            sale = await write(engine, catalogue, draft, request)
        except (NothingWritten, SalesError, EventTooLarge) as obstacle:
            # A repetition gets the first answer, even if it would be refused today.
            if earlier := await _find_earlier(engine, draft, request):
                return earlier
            if not isinstance(obstacle, NothingWritten):
                raise
        else:
            count_sales([sale])
            return RecordedSale(sale)
    raise key_in_motion()


async def _write_by_cache(
    engine: AsyncEngine, catalogue: CatalogueCache, draft: SaleDraft, request: KeyedRequest
) -> Sale:
    """Write the sale by the cached catalogue, in a transaction of one statement."""
    goods = await catalogue.look_up(draft.store_id, draft.product_ids, draft.sold_at)
    try:
        sale = ring_up(draft, goods, datetime.now(UTC))
        async with autocommit(engine) as connection:
            return await write_sale(connection, sale, goods, recorded(sale), request)
    except (SalesError, EventTooLarge) as refusal:
        if goods.is_fresh:
            raise
        # The cache may be stale, so it refuses nothing.
        raise NothingWritten from refusal


async def _write_by_locked_catalogue(
    engine: AsyncEngine, catalogue: CatalogueCache, draft: SaleDraft, request: KeyedRequest
) -> Sale:
    """Write the sale by the catalogue of the database, locked until the sale is committed.

    Without the lock, prices that change faster than they are read would delay a sale for ever.
    """
    async with AsyncSession(engine) as session, session.begin():
        goods = await catalogue.read_locked(
            session, draft.store_id, draft.product_ids, draft.sold_at
        )
        sale = ring_up(draft, goods, datetime.now(UTC))
        return await write_sale(await within(session), sale, goods, recorded(sale), request)


# The cache is nearly always right. Each attempt after the second needs a key or an id that is
# taken between two statements.
_ATTEMPTS = (_write_by_cache, *[_write_by_locked_catalogue] * 3)


async def _find_earlier(
    engine: AsyncEngine, draft: SaleDraft, request: KeyedRequest
) -> RecordedSale | None:
    """Return the sale that the key or the draft's id belongs to.

    Raises `SaleExists` or `IdOfReturn`.
    """
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        if former := await request.claim(session):
            assert former.resource_id is not None
            sale = await find_sale(session, UUID(former.resource_id))
            assert sale is not None
            return RecordedSale(sale, is_repeated=True)
        if draft.has_chosen_id and (known := await _find_repeated(session, draft)):
            await request.record(session, resource_id=str(known.id))
            return RecordedSale(known, is_repeated=True)
        # The key may only be taken together with a sale.
        await session.rollback()
        return None


async def _find_repeated(session: AsyncSession, draft: SaleDraft) -> Sale | None:
    sale = await find_sale(session, draft.sale_id)
    if sale is None and await is_return(session, draft.sale_id):
        raise IdOfReturn(draft.sale_id)
    if sale is not None and (differences := find_differences(draft, sale)):
        raise SaleExists(sale.id, differences)
    return sale
