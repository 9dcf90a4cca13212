"""Reads and writes the instant until which every event of a topic is counted."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Never later than the clock of this database, by which answers compute their delay: the producer's
# clock may be ahead.
_READ_HORIZON = text("""
    SELECT least(clock_timestamp(), published_until) FROM published_events WHERE topic = :topic
""")
_NOTE_PUBLISHED = text("""
    INSERT INTO published_events AS p (topic, published_until) VALUES (:topic, :published_until)
    ON CONFLICT (topic) DO UPDATE SET published_until = excluded.published_until
        WHERE p.published_until < excluded.published_until
""")
_ADVANCE = text("""
    INSERT INTO freshness AS f (topic, complete_until) VALUES (:topic, :complete_until)
    ON CONFLICT (topic) DO UPDATE SET complete_until = excluded.complete_until
        WHERE f.complete_until < excluded.complete_until
""")


async def read_horizon(session: AsyncSession, topic: str) -> datetime | None:
    """Return the instant before which every event of a topic is in Kafka.

    It is None before the producer's first heartbeat: then nothing is known about Kafka.
    """
    horizon: datetime | None = (
        await session.execute(_READ_HORIZON, {"topic": topic})
    ).scalar_one_or_none()
    return horizon


async def note_published(session: AsyncSession, topic: str, published_until: datetime) -> None:
    """Store that events from before this instant are in Kafka. An older one changes nothing."""
    await session.execute(_NOTE_PUBLISHED, {"topic": topic, "published_until": published_until})


async def advance_freshness(session: AsyncSession, topic: str, complete_until: datetime) -> None:
    """Store that everything up to this instant is counted. An older instant changes nothing."""
    await session.execute(_ADVANCE, {"topic": topic, "complete_until": complete_until})
