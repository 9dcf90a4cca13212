"""Until when every event of a topic is counted, and what that is derived from."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# One clock for the mark and for the answers that subtract it: the database's.
_READ_CLOCK = text("SELECT clock_timestamp()")
_READ_POSITIONS = text("""
    SELECT partition, next_offset FROM consumer_positions
    WHERE consumer = :consumer AND topic = :topic
""")
_ADVANCE = text("""
    INSERT INTO freshness AS f (topic, complete_until) VALUES (:topic, :complete_until)
    ON CONFLICT (topic) DO UPDATE SET complete_until = excluded.complete_until
        WHERE f.complete_until < excluded.complete_until
""")


async def read_clock(session: AsyncSession) -> datetime:
    now: datetime = (await session.execute(_READ_CLOCK)).scalar_one()
    return now


async def read_positions(session: AsyncSession, consumer: str, topic: str) -> dict[int, int]:
    """The next offset of each partition that was ever applied."""
    rows = await session.execute(_READ_POSITIONS, {"consumer": consumer, "topic": topic})
    return {row.partition: row.next_offset for row in rows}


async def advance_freshness(session: AsyncSession, topic: str, complete_until: datetime) -> None:
    """Note that everything up to this instant is counted; an older note changes nothing."""
    await session.execute(_ADVANCE, {"topic": topic, "complete_until": complete_until})
