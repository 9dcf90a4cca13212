"""Applies `sales.events.v1`: counts confirmed sales, voids and returns, and journals who acted."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeGuard

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.freshness import note_published
from report_service.events.consumed import (
    SALES_DECODERS,
    DayClosed,
    Document,
    EventsPublished,
    Receipt,
    ReturnRecorded,
    SaleConfirmed,
    SaleRecorded,
    SaleVoided,
)
from report_service.events.topics import SALES_TOPIC
from report_service.projections.closings import keep_closings
from report_service.projections.counting import count_documents
from report_service.projections.journal import entries_of
from report_service.telemetry import LATE_DOCUMENTS, REPORT_DELAY
from service_kit.database.sessions import after_commit
from service_kit.events.cloud_events import Event, PoisonMessage, Subscription

# A date of another year comes from a wrong clock, and dates far away break the JSON of reports.
PLAUSIBLE_YEARS = range(2000, 2200)
# As labels of a metric.
_KINDS: dict[type[Document], str] = {
    SaleRecorded: "sale",
    SaleConfirmed: "sale",
    SaleVoided: "void",
    ReturnRecorded: "return",
}


async def apply(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Count the documents of a batch, and keep closings, who acted and until when Kafka has all."""
    bodies = [event.body for event in events]
    published = [body.published_until for body in bodies if isinstance(body, EventsPublished)]
    if published:
        await note_published(session, SALES_TOPIC, max(published))
    documents = [body for body in bodies if _counts(body)]
    for document in documents:
        _refuse_contradictions(document)
    for body in bodies:
        if isinstance(body, DayClosed):
            _refuse_unbalanced(body)
    await keep_closings(session, events)
    stripe = events[0].record.partition
    counted = await count_documents(session, documents, stripe, entries=entries_of(events))

    after_commit(session, lambda: _measure(counted))


def _measure(counted: Iterable[Document]) -> None:
    now = datetime.now(UTC)
    for document in counted:
        REPORT_DELAY.record(max(0.0, (now - _made_at(document)).total_seconds()))
        if document.is_late:
            LATE_DOCUMENTS.add(1, {"kind": _KINDS[type(document)]})


def _counts(body: object) -> TypeGuard[Document]:
    is_sale = isinstance(body, SaleRecorded) and body.status == "confirmed"
    return is_sale or isinstance(body, SaleVoided | ReturnRecorded)


def _made_at(document: Document) -> datetime:
    return document.voided_at if isinstance(document, SaleVoided) else document.recorded_at


def _refuse_contradictions(document: Document) -> None:
    _refuse_implausible(_name(document), document.business_date)
    if sum([line.amount_cents for line in document.lines]) != document.total_cents:
        raise PoisonMessage(f"{_name(document)}: total_cents is not the sum of its lines")
    if not isinstance(document, Receipt) or document.gross_cents is None:
        return
    if document.gross_cents - document.discount_cents != document.total_cents:
        raise PoisonMessage(f"{_name(document)}: total_cents is not gross less discounts")


def _refuse_unbalanced(closing: DayClosed) -> None:
    name = f"closing of store {closing.store_id}"
    _refuse_implausible(name, closing.business_date)
    net = closing.gross_cents - closing.discount_cents - closing.return_cents
    if net != closing.total_cents:
        raise PoisonMessage(f"{name}: total_cents is not gross less discounts and returns")


def _refuse_implausible(name: str, business_date: date) -> None:
    if business_date.year not in PLAUSIBLE_YEARS:
        raise PoisonMessage(f"{name}: business date {business_date}")


def _name(document: Document) -> str:
    if isinstance(document, ReturnRecorded):
        return f"return {document.return_id}"
    return f"sale {document.sale_id}"


SUBSCRIPTION = Subscription(SALES_TOPIC, SALES_DECODERS, apply)
