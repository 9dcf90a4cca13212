"""Ends reservations: releases one, and closes those that have expired."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.book import open_book, save_book
from stock_service.db.reservations import close_reservations, find_past, find_reservations
from stock_service.domain.errors import UnknownReservation
from stock_service.domain.levels import LevelBook, StoreId
from stock_service.domain.reservations import Reservation, Status, close, release
from stock_service.events.alert_events import alert_events
from stock_service.events.announcements import reservation_event


async def release_reservation(
    session: AsyncSession, reservation_id: UUID, reaches: Callable[[StoreId], bool]
) -> Reservation:
    """Release a reservation, and return it; a released one stays as it is.

    Raises `ReservationClosed` for one that was consumed or has expired, and `UnknownReservation`
    for one of a store that the caller does not reach, too.
    """
    found = (await find_reservations(session, [reservation_id])).get(reservation_id)
    if found is None or not reaches(found.store_id):
        raise UnknownReservation
    book, current = await _lock(session, [found])
    released = release(book, current[reservation_id])
    if released is not current[reservation_id]:
        await _save(session, book, [released])
    return released


async def close_expired(session: AsyncSession, limit: int) -> int:
    """Close up to `limit` reservations that have expired, and return how many were found.

    Nobody counts them any more: availability already leaves them out.
    """
    ids = await find_past(session, limit)
    if ids:
        found = await find_reservations(session, ids)
        book, current = await _lock(session, list(found.values()))
        expired = [each for each in current.values() if each.status is Status.EXPIRED]
        closed = [close(book, each, Status.EXPIRED) for each in expired if each.is_held]
        await _save(session, book, closed)
    return len(ids)


async def _lock(
    session: AsyncSession, reservations: list[Reservation]
) -> tuple[LevelBook, dict[UUID, Reservation]]:
    """Lock the levels of reservations, and return them as they are from then on."""
    keys = [key for each in reservations for key in each.keys]
    ids = [each.reservation_id for each in reservations]
    book = await open_book(session, keys, ids)
    assert book.held is not None
    # Again after the locks: somebody may have closed them meanwhile.
    current = await find_reservations(session, ids)
    at = book.held.at
    return book, {key: each.seen_at(at) for key, each in current.items()}


async def _save(session: AsyncSession, book: LevelBook, closed: list[Reservation]) -> None:
    alerts = await save_book(session, book)
    await close_reservations(session, closed)
    cause = current_cause()
    events = [reservation_event(each, cause) for each in closed]
    await add_to_outbox(session, [*events, *alert_events(alerts, lambda _: cause)])
