"""Reads and writes the instant until which every event of a topic is counted."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Watermarks and answers use one clock, the database's, because answers subtract watermarks.
_READ_CLOCK = text("SELECT clock_timestamp()")
_ADVANCE = text("""
    INSERT INTO freshness AS f (topic, complete_until) VALUES (:topic, :complete_until)
    ON CONFLICT (topic) DO UPDATE SET complete_until = excluded.complete_until
        WHERE f.complete_until < excluded.complete_until
""")


async def read_clock(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(_READ_CLOCK)).scalar_one()
    return now


async def advance_freshness(session: AsyncSession, topic: str, complete_until: datetime) -> None:
    """Store that everything up to this instant is counted. An older instant changes nothing."""
    await session.execute(_ADVANCE, {"topic": topic, "complete_until": complete_until})
