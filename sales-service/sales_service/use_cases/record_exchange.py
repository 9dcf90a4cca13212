"""Records an exchange: a return and the sale that it pays for, with their events, or nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.catalogue_cache import CatalogueCache
from sales_service.db.return_writing import lock_sale, read_refunded, write_return
from sales_service.db.returns import find_return, is_return
from sales_service.db.sale_writing import write_sale
from sales_service.db.sales import find_sale
from sales_service.domain.errors import IdOfReturn, SaleExists, UnknownSale
from sales_service.domain.exchanges import (
    Exchange,
    ExchangeDraft,
    Part,
    about,
    exchange,
    is_exchange_repeated,
)
from sales_service.domain.return_errors import ReturnExists
from sales_service.domain.returns import Return
from sales_service.events.return_events import returned_event
from sales_service.events.sale_events import recorded
from sales_service.telemetry import count_return, count_sales
from sales_service.use_cases.attempts import write_or_find
from sales_service.use_cases.record_return import find_by_key, refuse_id_of_sale
from service_kit.database.single_statement import within
from service_kit.http.idempotency import KeyedRequest


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """A committed exchange, and whether an earlier request recorded it."""

    exchange: Exchange
    is_repeated: bool = False


async def record_exchange(
    engine: AsyncEngine,
    catalogue: CatalogueCache,
    draft: ExchangeDraft,
    request: KeyedRequest,
    reaches: Callable[[int], bool],
) -> RecordedExchange:
    """Record a return of goods of a sale and the sale of others, and return both.

    A repeated request, recognised by its key or by the till's own ids with the same content, gets
    the exchange that an earlier request recorded. `reaches` tells whether the sender reaches a
    store. Raises `PartRefused`, a `SalesError` or `EventTooLarge`.
    """
    result = await write_or_find(
        engine, lambda session: _exchange(session, catalogue, draft, request, reaches)
    )
    if not result.is_repeated:
        count_return(result.exchange.returned)
        count_sales([result.exchange.sale])
    return result


async def _exchange(
    session: AsyncSession,
    catalogue: CatalogueCache,
    draft: ExchangeDraft,
    request: KeyedRequest,
    reaches: Callable[[int], bool],
) -> RecordedExchange:
    of_return = draft.taken_back
    sold = await lock_sale(session, of_return.sale_id, request, of_return.return_id)
    if sold is None:
        earlier = await _read(session, await find_by_key(session, of_return.sale_id, request))
        assert earlier is not None
        return RecordedExchange(earlier, is_repeated=True)
    if of_return.store_id is None and not reaches(sold.store_id):
        raise UnknownSale
    if known := await _find_repeated(session, draft):
        return RecordedExchange(known, is_repeated=True)
    refunded = await read_refunded(session, sold.id)
    # Prices and taxes are of one moment: nobody changes them until the exchange is committed.
    store_id = of_return.store_id or sold.store_id
    goods = await catalogue.read_locked(session, store_id, draft.product_ids)
    made = exchange(draft, sold, refunded, goods, datetime.now(UTC))
    event = returned_event(made.returned)
    returned = await write_return(session, made.returned, event, request.client_id)
    # The return has taken the key already.
    unkeyed = replace(request, key=None)
    event = recorded(made.sale)
    sale = await write_sale(await within(session), made.sale, goods, event, unkeyed)
    return RecordedExchange(Exchange(returned, sale))


async def _find_repeated(session: AsyncSession, draft: ExchangeDraft) -> Exchange | None:
    """Return the exchange that the till's ids belong to.

    Raises `ReturnExists`, `SaleExists` or `PartRefused`.
    """
    of_return = draft.taken_back
    if of_return.has_chosen_id and (returned := await find_return(session, of_return.return_id)):
        known = await _read(session, returned)
        if known is None or not is_exchange_repeated(draft, known):
            raise ReturnExists(returned.id)
        return known
    if draft.has_chosen_sale_id and await find_sale(session, draft.sale_id):
        raise SaleExists(draft.sale_id)
    await _refuse_foreign_ids(session, draft)
    return None


async def _refuse_foreign_ids(session: AsyncSession, draft: ExchangeDraft) -> None:
    """Raise `PartRefused` when a till's own id is that of the other kind of document."""
    with about(Part.RETURN):
        await refuse_id_of_sale(session, draft.taken_back)
    with about(Part.SALE):
        if draft.has_chosen_sale_id and await is_return(session, draft.sale_id):
            raise IdOfReturn(draft.sale_id)


async def _read(session: AsyncSession, returned: Return) -> Exchange | None:
    """Return the exchange that a return is a part of; None: of none."""
    if returned.exchange_sale_id is None:
        return None
    sale = await find_sale(session, returned.exchange_sale_id)
    assert sale is not None
    return Exchange(returned, sale)
