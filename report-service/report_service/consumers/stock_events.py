"""Applies `stock.events.v1`: copies levels, and journals who has moved goods."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.journal import insert_entries
from report_service.events.consumed import (
    IGNORED_OF_STOCK,
    STOCK_DECODERS,
    MovementPosted,
    StockLevelsChanged,
    TransferReceived,
    TransferShipped,
)
from report_service.events.topics import STOCK_TOPIC
from report_service.projections.journal import entries_of
from report_service.projections.stock_levels import keep_levels
from service_kit.events.cloud_events import Event, Subscription

Body = StockLevelsChanged | MovementPosted | TransferShipped | TransferReceived


async def apply(session: AsyncSession, events: Sequence[Event[Body]]) -> None:
    """Keep the newest levels of a batch, and who has moved goods."""
    await insert_entries(session, entries_of(events))
    bodies = [event.body for event in events]
    await keep_levels(session, [body for body in bodies if isinstance(body, StockLevelsChanged)])


SUBSCRIPTION = Subscription(STOCK_TOPIC, STOCK_DECODERS, apply, IGNORED_OF_STOCK)
