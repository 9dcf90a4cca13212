"""Until when every event of a topic is counted, and what that is derived from."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# One clock for the mark and for the answers that subtract it: the database's.
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
    """Note that everything up to this instant is counted; an older note changes nothing."""
    await session.execute(_ADVANCE, {"topic": topic, "complete_until": complete_until})
