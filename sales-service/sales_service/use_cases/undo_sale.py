"""Undoes a sale for the original's clients: by a void, or by a return once its day is closed."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from uuid_utils.compat import uuid7

from sales_service.db.return_writing import lock_sale, read_refunded
from sales_service.db.returns import find_return
from sales_service.db.sales import find_sale
from sales_service.domain.errors import DayClosed, UnknownSale
from sales_service.domain.return_errors import NothingLeft
from sales_service.domain.returns import ReturnId, SaleReturnDraft
from sales_service.domain.sale import SaleId
from sales_service.domain.taking_back import rest_of
from sales_service.telemetry import count_return
from sales_service.use_cases.attempts import write_or_find
from sales_service.use_cases.record_return import RecordedReturn, find_by_key, write_refund
from sales_service.use_cases.void_sale import VoidedSale, require, void_under_key
from service_kit.http.callers import Caller
from service_kit.http.idempotency import KeyedRequest


async def undo_sale(
    engine: AsyncEngine, sale_id: UUID, reason: str, caller: Caller, request: KeyedRequest
) -> VoidedSale | RecordedReturn:
    """Void a sale, or take back all that is left of it when its day is closed.

    A repeated request, recognised by its key, gets what an earlier one did. Raises `NothingLeft` or
    another `SalesError`.
    """
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            return await _void(session, sale_id, reason, caller, request)
    except DayClosed:
        recorded = await write_or_find(
            engine, lambda session: _take_rest_back(session, sale_id, reason, request)
        )
    if not recorded.is_repeated:
        count_return(recorded.returned)
    return recorded


async def _void(
    session: AsyncSession, sale_id: UUID, reason: str, caller: Caller, request: KeyedRequest
) -> VoidedSale | RecordedReturn:
    former = await request.claim(session)
    if former is None:
        return VoidedSale(await void_under_key(session, sale_id, reason, caller, request))
    assert former.resource_id is not None
    resource_id = UUID(former.resource_id)
    if sale := await find_sale(session, resource_id):
        return VoidedSale(require(sale, caller), is_repeated=True)
    returned = await find_return(session, resource_id)
    assert returned is not None
    if not caller.reaches(returned.store_id):
        raise UnknownSale
    return RecordedReturn(returned, is_repeated=True)


async def _take_rest_back(
    session: AsyncSession, sale_id: UUID, reason: str, request: KeyedRequest
) -> RecordedReturn:
    return_id = ReturnId(uuid7())
    sale = await lock_sale(session, sale_id, request, return_id)
    if sale is None:
        return RecordedReturn(await find_by_key(session, sale_id, request), is_repeated=True)
    refunded = await read_refunded(session, sale.id)
    lines = rest_of(sale, refunded)
    if not lines:
        raise NothingLeft
    draft = SaleReturnDraft(
        return_id=return_id,
        store_id=None,
        returned_at=None,
        register_id=None,
        reason=reason,
        payments=None,
        sale_id=SaleId(sale_id),
        lines=lines,
    )
    return RecordedReturn(await write_refund(session, draft, sale, refunded, request))
