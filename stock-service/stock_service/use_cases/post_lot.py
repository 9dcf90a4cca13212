"""Posts the movements of many stores that come in one request."""

from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.alerts import turn
from stock_service.db.book import save_book
from stock_service.db.levels import ensure_levels, lock_levels
from stock_service.db.lots import move_lot
from stock_service.domain.alerts import Alert
from stock_service.domain.levels import Level, LevelBook, LevelKey, Movement, StoreId
from stock_service.domain.lots import Lot, decide_lot
from stock_service.events.alert_events import alert_events
from stock_service.events.announcements import announce_levels, document_event


async def post_lot(session: AsyncSession, lot: Lot, strict_stores: AbstractSet[StoreId]) -> None:
    """Move all levels of the lot or none.

    The worker waits for the levels: call it last in the transaction.
    """
    now = datetime.now(UTC)
    lines = Counter(key.store_id for key in lot.entries)
    costs: dict[StoreId, Decimal] = {}
    for key, entry in lot.entries.items():
        if entry.cost is not None:
            costs[key.store_id] = costs.get(key.store_id, Decimal(0)) + entry.cost
    posted = [
        document_event(store_id, document, lines[store_id], now, costs.get(store_id))
        for store_id, document in lot.documents.items()
    ]
    causes = dict.fromkeys(lot.documents, current_cause())
    await ensure_levels(session, lot.entries.keys())
    levels = decide_lot(lot, await lock_levels(session, lot.entries.keys()), strict_stores)
    await move_lot(session, lot, levels)
    corrected, alerts = await _take_back_late(session, lot, levels)
    others = {key: level for key, level in levels.items() if key not in corrected}
    alerts += await turn(session, others)
    told = announce_levels(levels | corrected, now, causes)
    await add_to_outbox(session, [*posted, *told, *alert_events(alerts, causes.__getitem__)])


async def _take_back_late(
    session: AsyncSession, lot: Lot, levels: Mapping[LevelKey, Level]
) -> tuple[dict[LevelKey, Level], list[Alert]]:
    """Correct the levels that were counted after what the lot tells.

    Returns these as they are then, and their alerts that change. In statements of its own, because
    almost no lot has any.
    """
    book = LevelBook(levels)
    for key, level in levels.items():
        if level.last_count is not None:
            document, entry = lot.documents[key.store_id], lot.entries[key]
            book.take_back_late(Movement(key, entry.delta, level, document, entry.unit_cost))
    alerts = await save_book(session, book) if book.corrections else []
    return book.moved_levels(), alerts
