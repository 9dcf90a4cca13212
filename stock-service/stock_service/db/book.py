"""Locks the levels that a change touches, and writes what was decided on them."""

import logging
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.alerts import turn
from stock_service.db.corrections import save_corrections
from stock_service.db.levels import ensure_levels, lock_levels, update_levels
from stock_service.db.movements import insert_movements
from stock_service.db.reservations import read_held
from stock_service.domain.alerts import Alert
from stock_service.domain.levels import LevelBook, LevelKey

logger = logging.getLogger(__name__)


async def open_book(
    session: AsyncSession,
    keys: Iterable[LevelKey],
    reservation_ids: Collection[UUID] | None = None,
) -> LevelBook:
    """Lock the levels of these keys for the rest of the transaction.

    If something is reserved of them, or these reservations are asked for, the book also has `held`.
    """
    ordered = sorted(set(keys))
    await ensure_levels(session, ordered)
    levels = await lock_levels(session, ordered)
    reserved = [key for key, level in levels.items() if level.reserved]
    if not reserved and reservation_ids is None:
        return LevelBook(levels)
    # After the locks, in a statement of its own: it sees what others did before they let go.
    return LevelBook(levels, await read_held(session, reserved, reservation_ids or ()))


async def save_book(session: AsyncSession, book: LevelBook) -> list[Alert]:
    """Write the movements of a book and the levels after them; return the alerts that change."""
    alerts: list[Alert] = []
    if changed := book.changed_levels():
        await update_levels(session, changed)
        alerts = await turn(session, changed)
    if book.movements:
        await insert_movements(session, book.movements)
    if book.corrections:
        await save_corrections(session, book.corrections)
    for key in book.fallen:
        logger.warning("stock fell below what is reserved", extra=key._asdict())
    return alerts
