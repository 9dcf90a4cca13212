"""Cancels sales that the stock has not decided in time."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.sales import lock_stale, settle
from sales_service.domain.sale import Outcome, SaleStatus
from sales_service.domain.voids import Void, VoidOrigin
from sales_service.events.sale_events import cancelled
from sales_service.telemetry import count_decided, time_sagas
from service_kit.events.causes import current_actor
from service_kit.events.outbox import add_to_outbox

SWEEP_SALES = 200  # a sweep is one transaction, which must stay short


async def cancel_stale_sales(session: AsyncSession, older_than: timedelta) -> int:
    """Cancel pending sales that are older than this, and return how many.

    `SaleCancelled` follows `SaleRecorded` in the store's partition. The stock reads it after its
    own decision, and puts back what it took.
    """
    stale = await lock_stale(session, older_than, SWEEP_SALES)
    if not stale:
        return 0
    decided_at = datetime.now(UTC)
    outcomes = dict.fromkeys(stale, Outcome(SaleStatus.CANCELLED))
    void = Void(VoidOrigin.TIMEOUT, decided_at, current_actor())
    async for sales in settle(session, outcomes, decided_at, void):
        count_decided(session, sales)
        time_sagas(session, sales, decided_at)
        await add_to_outbox(session, [cancelled(sale, decided_at) for sale in sales])
    return len(stale)
