"""Lock levels, write what was decided on them and announce it: the frame of every change."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.outbox import OutgoingEvent
from stock_service.db.levels import ensure_levels, lock_levels, update_levels
from stock_service.db.movements import insert_movements
from stock_service.domain.levels import LevelBook, LevelKey, StoreId
from stock_service.events.published import STOCK_TOPIC, ProductLevel, StockLevelsChanged

# A level takes up to 90 bytes of JSON; the outbox refuses payloads over 900,000 bytes.
LEVELS_PER_EVENT = 2000


async def open_book(session: AsyncSession, keys: Iterable[LevelKey]) -> LevelBook:
    """Lock the levels of these keys for the rest of the transaction."""
    ordered = sorted(set(keys))
    await ensure_levels(session, ordered)
    return LevelBook(await lock_levels(session, ordered))


async def save_book(session: AsyncSession, book: LevelBook) -> None:
    """Write the movements of a book and the levels after them."""
    if book.movements:
        await update_levels(session, book.changed_levels())
        await insert_movements(session, book.movements)


def announce_levels(
    book: LevelBook, changed_at: datetime, traceparents: Mapping[StoreId, str | None]
) -> list[OutgoingEvent]:
    """The final state of the changed levels: one event per store, more where they are many."""
    events: list[OutgoingEvent] = []
    changed = book.changed_levels().items()
    for store_id, group in groupby(changed, key=lambda item: item[0].store_id):
        levels = [ProductLevel(key.product_id, now.on_hand, now.version) for key, now in group]
        events += [
            OutgoingEvent(
                topic=STOCK_TOPIC,
                key=str(store_id),
                type=StockLevelsChanged.TYPE,
                subject=str(store_id),
                body=StockLevelsChanged(
                    store_id, levels[start : start + LEVELS_PER_EVENT], changed_at
                ),
                traceparent=traceparents[store_id],
            )
            for start in range(0, len(levels), LEVELS_PER_EVENT)
        ]
    return events
