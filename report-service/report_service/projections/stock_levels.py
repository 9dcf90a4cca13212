"""Keeps the newest stock level of each product in each store."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.stock_levels import StockLevel, keep_newest_levels
from report_service.events.consumed import StockLevelsChanged


async def keep_levels(session: AsyncSession, changes: Iterable[StockLevelsChanged]) -> None:
    """Keep the levels of a batch that are newer than the stored ones."""
    newest: dict[tuple[int, int], StockLevel] = {}
    for change in changes:
        for level in change.levels:
            key = (change.store_id, level.product_id)
            known = newest.get(key)
            if known is None or known.version < level.version:
                newest[key] = StockLevel(*key, level.on_hand, level.version)
    if newest:
        await keep_newest_levels(session, list(newest.values()))
