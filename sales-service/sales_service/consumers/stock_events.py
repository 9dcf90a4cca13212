"""Consumes the stock's decisions about pending sales."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.sale import MissingStock, SaleId
from sales_service.events.consumed import DECODERS, IGNORED, StockRefused, StockWithdrawn
from sales_service.events.topics import STOCK_TOPIC
from sales_service.use_cases.settle_sales import StockDecision, settle_sales
from service_kit.events.cloud_events import Event, Subscription


async def apply(
    session: AsyncSession, events: Sequence[Event[StockWithdrawn | StockRefused]]
) -> None:
    await settle_sales(session, [_decision(event) for event in events])


def _decision(event: Event[StockWithdrawn | StockRefused]) -> StockDecision:
    missing: tuple[MissingStock, ...] = ()
    fault: str | None = None
    if isinstance(event.body, StockRefused):
        missing = tuple(
            MissingStock(m.product_id, m.requested, m.available) for m in event.body.missing
        )
        fault = event.body.reservation_fault
    return StockDecision(SaleId(event.body.sale_id), missing, event.cause, fault)


SUBSCRIPTION = Subscription(STOCK_TOPIC, DECODERS, apply, IGNORED)
