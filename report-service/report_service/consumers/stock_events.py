"""Applies `stock.events.v1`: copies levels for the lists of stock-outs and overstocks."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.events.consumed import IGNORED_OF_STOCK, STOCK_DECODERS, StockLevelsChanged
from report_service.events.topics import STOCK_TOPIC
from report_service.projections.stock_levels import keep_levels
from service_kit.events.cloud_events import Event, Subscription


async def apply(session: AsyncSession, events: Sequence[Event[StockLevelsChanged]]) -> None:
    """Keep the newest levels of a batch."""
    await keep_levels(session, [event.body for event in events])


SUBSCRIPTION = Subscription(STOCK_TOPIC, STOCK_DECODERS, apply, IGNORED_OF_STOCK)
