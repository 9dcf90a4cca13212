"""Records a return: document, lines, event and the request's key, all or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.catalogue import read_store_for_sale
from sales_service.db.return_writing import lock_sale, read_refunded, write_return
from sales_service.db.returns import find_return
from sales_service.db.sale_writing import NothingWritten
from sales_service.db.sales import find_sale, is_sale
from sales_service.domain.errors import UnknownSale, UnknownStore
from sales_service.domain.return_errors import Flaw, ImpossibleReturn, ReturnExists
from sales_service.domain.returns import Return, ReturnDraft, SaleReturnDraft, is_repeated
from sales_service.domain.sale import Sale
from sales_service.domain.taking_back import Refunded, take_back
from sales_service.events.return_events import returned_event
from sales_service.telemetry import count_return
from sales_service.use_cases.attempts import write_or_find
from service_kit.http.idempotency import KeyedRequest


@dataclass(frozen=True, slots=True)
class RecordedReturn:
    """A committed return, and whether an earlier request recorded it."""

    returned: Return
    is_repeated: bool = False


async def record_return(
    engine: AsyncEngine,
    draft: SaleReturnDraft,
    request: KeyedRequest,
    reaches: Callable[[int], bool],
) -> RecordedReturn:
    """Record a return of goods of a sale, and return it.

    A repeated request, recognised by its key or by the till's own `return_id` with the same
    content, gets the return that an earlier request recorded. `reaches` tells whether the sender
    reaches a store: a foreign sale comes back to a store that the sender names. Raises a
    `SalesError` or `EventTooLarge`.
    """
    recorded = await write_or_find(
        engine, lambda session: _take_back(session, draft, request, reaches)
    )
    if not recorded.is_repeated:
        count_return(recorded.returned)
    return recorded


async def _take_back(
    session: AsyncSession,
    draft: SaleReturnDraft,
    request: KeyedRequest,
    reaches: Callable[[int], bool],
) -> RecordedReturn:
    sale = await lock_sale(session, draft.sale_id, request, draft.return_id)
    if sale is None:
        return RecordedReturn(await find_by_key(session, draft.sale_id, request), is_repeated=True)
    if draft.store_id is None and not reaches(sale.store_id):
        raise UnknownSale
    if draft.has_chosen_id and (known := await find_return(session, draft.return_id)):
        if not is_repeated(draft, known):
            raise ReturnExists(known.id)
        return RecordedReturn(known, is_repeated=True)
    await refuse_id_of_sale(session, draft)
    refunded = await read_refunded(session, sale.id)
    return RecordedReturn(await write_refund(session, draft, sale, refunded, request))


async def refuse_id_of_sale(session: AsyncSession, draft: ReturnDraft) -> None:
    """Raise `ImpossibleReturn` when the till's own id of a return is the id of a sale."""
    if draft.has_chosen_id and await is_sale(session, draft.return_id):
        raise ImpossibleReturn(Flaw.ID_OF_SALE, draft.return_id)


async def write_refund(
    session: AsyncSession,
    draft: SaleReturnDraft,
    sale: Sale,
    refunded: Mapping[int, Refunded],
    request: KeyedRequest,
) -> Return:
    """Write the return of goods of a locked sale, of which these came back before."""
    # The lock keeps the day that the return counts for open.
    store = await read_store_for_sale(session, draft.store_id or sale.store_id, lock=True)
    if store is None:
        raise UnknownStore
    returned = take_back(draft, sale, refunded, store, datetime.now(UTC))
    return await write_return(session, returned, returned_event(returned), request.client_id)


async def find_by_key(session: AsyncSession, sale_id: UUID, request: KeyedRequest) -> Return:
    """Return the return that the request's key belongs to; raise `UnknownSale`.

    Raises `NothingWritten` when the key became free, or the sale was recorded a moment ago.
    """
    if await find_sale(session, sale_id) is None:
        raise UnknownSale
    former = await request.claim(session)
    known = former and former.resource_id and await find_return(session, UUID(former.resource_id))
    if not known:
        raise NothingWritten
    return known
