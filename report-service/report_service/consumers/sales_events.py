"""Applies `sales.events.v1`: counts a sale as soon as it is confirmed, and journals who acted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.freshness import note_published
from report_service.events.consumed import SALES_DECODERS, EventsPublished, SaleRecorded
from report_service.events.topics import SALES_TOPIC
from report_service.projections.journal import entries_of
from report_service.projections.sales import count_sales
from report_service.telemetry import REPORT_DELAY
from service_kit.database.sessions import after_commit
from service_kit.events.cloud_events import Event, PoisonMessage, Subscription

# A date of another year comes from a wrong clock, and dates far away break the JSON of reports.
PLAUSIBLE_YEARS = range(2000, 2200)


async def apply(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Count the confirmed sales of a batch, and store who acted and until when Kafka has all."""
    bodies = [event.body for event in events]
    published = [body.published_until for body in bodies if isinstance(body, EventsPublished)]
    if published:
        await note_published(session, SALES_TOPIC, max(published))
    sales = [body for body in bodies if isinstance(body, SaleRecorded)]
    confirmed = [sale for sale in sales if sale.status == "confirmed"]
    for sale in confirmed:
        _refuse_contradictions(sale)
    stripe = events[0].record.partition
    counted = await count_sales(session, confirmed, stripe, entries=entries_of(events))

    def record_delays() -> None:
        now = datetime.now(UTC)
        for sale in counted:
            REPORT_DELAY.record(max(0.0, (now - sale.recorded_at).total_seconds()))

    after_commit(session, record_delays)


def _refuse_contradictions(sale: SaleRecorded) -> None:
    if sale.business_date.year not in PLAUSIBLE_YEARS:
        raise PoisonMessage(f"sale {sale.sale_id}: business date {sale.business_date}")
    if sum([line.amount_cents for line in sale.lines]) != sale.total_cents:
        raise PoisonMessage(f"sale {sale.sale_id}: total_cents is not the sum of its lines")


SUBSCRIPTION = Subscription(SALES_TOPIC, SALES_DECODERS, apply)
