"""Locks the levels that a change touches, and writes what was decided on them."""

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.levels import ensure_levels, lock_levels, update_levels
from stock_service.db.movements import insert_movements
from stock_service.domain.levels import LevelBook, LevelKey


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
