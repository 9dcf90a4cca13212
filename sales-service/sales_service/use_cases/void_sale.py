"""Voids a sale: a confirmed one counts no more, a pending one is cancelled."""

from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.business_days import StoreDays, share_days
from sales_service.db.sale_voids import has_returns, lock_sale, save_void
from sales_service.db.sales import find_sale
from sales_service.domain.business_day import is_day_open
from sales_service.domain.errors import (
    AlreadyReturned,
    AlreadyVoided,
    DayClosed,
    SaleRejected,
    SaleTimedOut,
    UnknownSale,
)
from sales_service.domain.return_errors import PaidByReturn
from sales_service.domain.sale import Sale, SaleStatus
from sales_service.domain.voids import Void, VoidOrigin
from sales_service.events.sale_events import cancelled, voided
from sales_service.telemetry import count_decided, time_sagas
from service_kit.events.outbox import add_to_outbox
from service_kit.http.callers import Caller
from service_kit.http.idempotency import KeyedRequest


@dataclass(frozen=True, slots=True)
class VoidedSale:
    """A voided sale, and whether an earlier request under the same key voided it."""

    sale: Sale
    is_repeated: bool = False


async def void_sale(
    session: AsyncSession, sale_id: UUID, reason: str, caller: Caller, request: KeyedRequest
) -> VoidedSale:
    """Void a sale of the caller's stores, once; raise a `SalesError` when it may not be voided.

    The lock on the sale decides between two requests, and between a request and the stock. When the
    stock confirms first, the sale is voided; otherwise the pending sale is cancelled.
    """
    if former := await request.claim(session):
        assert former.resource_id is not None
        earlier = await find_sale(session, UUID(former.resource_id))
        return VoidedSale(require(earlier, caller), is_repeated=True)
    return VoidedSale(await void_under_key(session, sale_id, reason, caller, request))


async def void_under_key(
    session: AsyncSession, sale_id: UUID, reason: str, caller: Caller, request: KeyedRequest
) -> Sale:
    """Void a sale as `void_sale` does, for a request that has claimed its key."""
    sale = require(await lock_sale(session, sale_id), caller)
    _refuse_ended(sale)
    days = await share_days(session, sale.store_id)
    _refuse_closed_day(sale, days)
    if sale.exchange_return_id is not None:
        raise PaidByReturn
    if await has_returns(session, sale):
        raise AlreadyReturned
    ended = _end(sale, Void(VoidOrigin.TILL, days.now, caller.client_id, reason))
    await save_void(session, ended)
    await _announce(session, ended)
    await request.record(session, resource_id=str(sale.id))
    return ended


def require(sale: Sale | None, caller: Caller) -> Sale:
    """Return a sale of the caller's stores; raise `UnknownSale` for any other."""
    if sale is None or not caller.reaches(sale.store_id):
        raise UnknownSale
    return sale


def _refuse_ended(sale: Sale) -> None:
    if sale.status is SaleStatus.REJECTED:
        raise SaleRejected
    if sale.void is not None:
        is_by_a_till = sale.void.origin is VoidOrigin.TILL
        raise AlreadyVoided(sale.void) if is_by_a_till else SaleTimedOut(sale.void)


def _refuse_closed_day(sale: Sale, days: StoreDays) -> None:
    # A pending sale counts nowhere yet, so it may end whatever its day.
    if sale.status is SaleStatus.PENDING:
        return
    is_closed = days.closed_through is not None and sale.business_date <= days.closed_through
    if is_closed or not is_day_open(sale.business_date, days.now, days.timezone, days.cutoff_hour):
        raise DayClosed(sale.business_date)


def _end(sale: Sale, void: Void) -> Sale:
    is_pending = sale.status is SaleStatus.PENDING
    status = SaleStatus.CANCELLED if is_pending else SaleStatus.VOIDED
    return replace(sale, status=status, void=void)


async def _announce(session: AsyncSession, sale: Sale) -> None:
    assert sale.void is not None
    count_decided(session, [sale])
    if sale.status is SaleStatus.VOIDED:
        await add_to_outbox(session, [voided(sale, sale.void)])
        return
    time_sagas(session, [sale], sale.void.at)
    await add_to_outbox(session, [cancelled(sale, sale.void.at, by_till=True)])
