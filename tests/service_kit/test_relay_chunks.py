"""What the relay holds in memory at once is bounded by bytes, too."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.events import ledger

MEBIBYTE = 1024 * 1024
ADD = text("""
    INSERT INTO outbox (event_id, topic, key, type, subject, payload)
    SELECT gen_random_uuid(), 't', 'k', 'e', CAST(n AS text),
        convert_to(repeat('x', CAST(:size AS int)), 'UTF8')
    FROM generate_series(1, CAST(:rows AS int)) AS n
""")


async def claimed(engine: AsyncEngine, chunk: int, most_bytes: int) -> list[str]:
    async with engine.connect() as connection:
        return [row.subject for row in await ledger.claim(connection, chunk, most_bytes)]


async def test_large_events_are_claimed_a_few_at_a_time_and_in_order(
    plumbing_engine: AsyncEngine,
) -> None:
    async with plumbing_engine.begin() as connection:
        await connection.execute(ADD, {"size": MEBIBYTE // 2, "rows": 8})

    assert await claimed(plumbing_engine, 500, 2 * MEBIBYTE) == ["1", "2", "3", "4"]
    assert await claimed(plumbing_engine, 3, 2 * MEBIBYTE) == ["1", "2", "3"]
    # An event that is larger than a chunk must be sent, too.
    assert await claimed(plumbing_engine, 500, 1) == ["1"]
