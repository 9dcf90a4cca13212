"""Posts a reception or an adjustment."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.book import open_book, save_book
from stock_service.domain.entries import StockEntry, apply_entry
from stock_service.domain.levels import Movement
from stock_service.events.announcements import level_events, posted_event


async def post_movements(
    session: AsyncSession, entry: StockEntry, *, is_strict: bool
) -> list[Movement]:
    """Move all levels of the entry or none; return the movements in the order of its lines."""
    book = await open_book(session, entry.keys)
    movements = apply_entry(book, entry, is_strict=is_strict)
    alerts = await save_book(session, book)
    now = datetime.now(UTC)
    levels = level_events(book, alerts, now, {entry.store_id: current_cause()})
    await add_to_outbox(session, [posted_event(entry, now), *levels])
    return movements
