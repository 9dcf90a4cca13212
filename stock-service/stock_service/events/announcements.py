"""Makes the outbox's events of what was decided: answers to sales, documents,
reservations, and new levels."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from service_kit.events.causes import Cause
from service_kit.events.outbox import OutgoingEvent
from stock_service.domain.alerts import Alert
from stock_service.domain.costs import cents_of
from stock_service.domain.entries import StockEntry
from stock_service.domain.levels import Document, Level, LevelBook, LevelKey, StoreId
from stock_service.domain.reservations import Reservation
from stock_service.domain.sales import Reply
from stock_service.events.alert_events import alert_events
from stock_service.events.published import (
    MovementPosted,
    ProductLevel,
    ReservationChanged,
    ReservationLine,
    StockLevelsChanged,
    StockRefused,
    StockWithdrawn,
)
from stock_service.events.topics import STOCK_TOPIC

# A level takes up to 90 bytes of JSON; the outbox refuses payloads over 900,000 bytes.
LEVELS_PER_EVENT = 2000


def reply_event(reply: Reply, decided_at: datetime, cause: Cause) -> OutgoingEvent:
    """Return the event that answers a conditional sale."""
    body: StockRefused | StockWithdrawn
    if reply.is_refused:
        body = StockRefused(
            reply.sale_id, reply.store_id, reply.missing, decided_at, reply.reservation_fault
        )
    else:
        body = StockWithdrawn(reply.sale_id, reply.store_id, decided_at)
    return OutgoingEvent(
        topic=STOCK_TOPIC,
        key=str(reply.store_id),
        type=body.TYPE,
        subject=str(reply.sale_id),
        body=body,
        cause=cause,
    )


def posted_event(entry: StockEntry, posted_at: datetime) -> OutgoingEvent:
    """Return the event of a document; it has one, however many levels it moves."""
    costs = [each.cost for each in entry.entries if each.cost is not None]
    cost = sum(costs, Decimal(0)) if costs else None
    return document_event(entry.store_id, entry.document, len(entry.entries), posted_at, cost)


def document_event(
    store_id: StoreId,
    document: Document,
    line_count: int,
    posted_at: datetime,
    cost: Decimal | None,
) -> OutgoingEvent:
    """Return the event of a document that moves so many levels of a store."""
    return OutgoingEvent(
        topic=STOCK_TOPIC,
        key=str(store_id),
        type=MovementPosted.TYPE,
        subject=str(document.document_id),
        body=MovementPosted(
            document.document_id,
            store_id,
            document.kind.value,
            line_count,
            document.occurred_at,
            posted_at,
            None if cost is None else cents_of(cost),
        ),
    )


def reservation_event(reservation: Reservation, cause: Cause) -> OutgoingEvent:
    """Return the event that says what a reservation is now."""
    lines = [ReservationLine(*line) for line in reservation.quantities.items()]
    return OutgoingEvent(
        topic=STOCK_TOPIC,
        key=str(reservation.store_id),
        type=ReservationChanged.TYPE,
        subject=str(reservation.reservation_id),
        body=ReservationChanged(
            reservation_id=reservation.reservation_id,
            version=reservation.version,
            store_id=reservation.store_id,
            status=reservation.status.value,
            lines=lines,
            expires_at=reservation.expires_at,
            reference=reservation.reference,
            sale_id=reservation.sale_id,
            changed_at=reservation.closed_at or reservation.created_at,
        ),
        cause=cause,
    )


def level_events(
    book: LevelBook,
    alerts: Iterable[Alert],
    changed_at: datetime,
    causes: Mapping[StoreId, Cause],
) -> list[OutgoingEvent]:
    """Return the events of the levels that a book has changed, and of the alerts about them."""
    levels = announce_levels(book.moved_levels(), changed_at, causes)
    return [*levels, *alert_events(alerts, causes.__getitem__)]


def announce_levels(
    changed: Mapping[LevelKey, Level], changed_at: datetime, causes: Mapping[StoreId, Cause]
) -> list[OutgoingEvent]:
    """Return the final state of levels in their order: per store one event, or several if long."""
    events: list[OutgoingEvent] = []
    for store_id, group in groupby(changed.items(), key=lambda item: item[0].store_id):
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
                cause=causes[store_id],
            )
            for start in range(0, len(levels), LEVELS_PER_EVENT)
        ]
    return events
