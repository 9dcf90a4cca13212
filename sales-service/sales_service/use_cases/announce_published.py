"""Announces until when every event is in Kafka, so that a report knows how fresh it is."""

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.events.published import EventsPublished
from sales_service.events.topics import SALES_TOPIC
from service_kit.events.ledger import read_published_until
from service_kit.events.outbox import OutgoingEvent, add_to_outbox

# Any key will do: the events that the heartbeat speaks of are in Kafka before it is written.
KEY = "published"


async def announce_published(session: AsyncSession) -> None:
    """Add the heartbeat to the outbox, so that it travels to reports like every event."""
    until = await read_published_until(await session.connection())
    event = OutgoingEvent(
        topic=SALES_TOPIC,
        key=KEY,
        type=EventsPublished.TYPE,
        subject="outbox",
        body=EventsPublished(until),
    )
    await add_to_outbox(session, [event])
