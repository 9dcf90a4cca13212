"""Reserves goods for later: all lines or none."""

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db.book import open_book, save_book
from stock_service.db.reservations import find_reservations, insert_reservation
from stock_service.domain.errors import ReservationExists
from stock_service.domain.reservations import Reservation, ReservationDraft, repeat
from stock_service.domain.reservations import reserve_goods as reserve
from stock_service.events.alert_events import alert_events
from stock_service.events.announcements import reservation_event


async def reserve_goods(session: AsyncSession, draft: ReservationDraft) -> tuple[Reservation, bool]:
    """Reserve all lines or none; return the reservation, and whether it was there before.

    Raises `InsufficientStock`, `ExpiryOutOfBounds` or `ReservationExists`.
    """
    book = await open_book(session, draft.keys, ())
    # After the locks: a request that was sent twice at once finds the other one's reservation.
    if draft.has_chosen_id:
        known = await find_reservations(session, [draft.reservation_id])
        if known:
            return repeat(draft, known[draft.reservation_id]), True
    reservation = reserve(book, draft)
    alerts = await save_book(session, book)
    if not await insert_reservation(session, reservation):
        raise ReservationExists(draft.reservation_id)
    cause = current_cause()
    changed = alert_events(alerts, lambda _: cause)
    await add_to_outbox(session, [reservation_event(reservation, cause), *changed])
    return reservation, False
