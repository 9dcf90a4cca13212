"""Turns events into entries of the journal."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from report_service.db.journal import Entry, Kind
from report_service.events.consumed import (
    CashMoved,
    DayClosed,
    LevelDeclared,
    MovementPosted,
    ProductChanged,
    ReturnRecorded,
    SaleCancelled,
    SaleConfirmed,
    SaleRecorded,
    SaleRejected,
    SaleVoided,
    StoreChanged,
    TaxRateChanged,
    TransferReceived,
    TransferShipped,
)
from service_kit.events.cloud_events import Event
from service_kit.events.key_changes import KeyChanged


def entries_of(events: Iterable[Event[Any]]) -> list[Entry]:
    """Return the entries of a batch: one for each event that tells what somebody did."""
    return [entry for event in events if (entry := entry_of(event)) is not None]


def entry_of(event: Event[Any]) -> Entry | None:
    """Return the entry of an event; None for what follows by itself, such as new levels."""
    body = event.body
    store_id: int | None = getattr(body, "store_id", None)
    subject: UUID | int | str | date
    match body:
        case SaleConfirmed():
            return None
        case SaleRecorded():
            is_marked = body.is_price_forced or body.is_backdated
            what = Kind.SALE_MARKED if is_marked else Kind.SALE_RECORDED
            subject, at = body.sale_id, body.recorded_at
        case SaleRejected():
            what, subject, at = Kind.SALE_REJECTED, body.sale_id, body.decided_at
        case SaleCancelled():
            what, subject, at = Kind.SALE_CANCELLED, body.sale_id, body.decided_at
        case SaleVoided():
            what, subject, at = Kind.SALE_VOIDED, body.sale_id, body.voided_at
        case ReturnRecorded():
            what, subject, at = Kind.RETURN_RECORDED, body.return_id, body.recorded_at
        case StoreChanged():
            what, subject, at = Kind.STORE_CHANGED, body.store_id, body.changed_at
        case ProductChanged():
            what, subject, at = Kind.PRODUCT_CHANGED, body.product_id, body.changed_at
        case LevelDeclared():
            what, subject, at = Kind.LEVEL_DECLARED, body.product_id, body.declared_at
        case TaxRateChanged():
            what, subject, at = Kind.TAX_RATE_CHANGED, body.rate_id, body.changed_at
        case CashMoved():
            what, subject, at = Kind.CASH_MOVED, body.movement_id, body.recorded_at
        case DayClosed():
            what, subject, at = Kind.DAY_CLOSED, body.business_date, body.closed_at
        case MovementPosted():
            what, subject, at = Kind.MOVEMENT_POSTED, body.document_id, body.posted_at
        case TransferShipped():
            what, subject, at = Kind.TRANSFER_SHIPPED, body.transfer_id, body.shipped_at
        case TransferReceived():
            what, subject, at = Kind.TRANSFER_RECEIVED, body.reception_id, body.received_at
        case KeyChanged():
            what, subject, at = Kind.KEY_CHANGED, body.client_id, body.changed_at
        case _:
            return None
    return Entry(event.event_id, at, event.actor, what, store_id, str(subject))
