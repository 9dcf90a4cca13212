"""The heartbeat never claims that an event is in Kafka before it is there."""

import json
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.use_cases.announce_published import announce_published
from tests.sales_service.conftest import Shop

NEWEST = text("SELECT type, payload FROM outbox ORDER BY id DESC LIMIT 1")
PUBLISH_ALL = text("UPDATE outbox SET published_at = now()")
CLOCK = text("SELECT clock_timestamp()")
OLDEST = text("SELECT min(created_at) FROM outbox WHERE published_at IS NULL")


async def announce(engine: AsyncEngine) -> datetime:
    """Write a heartbeat and return its instant."""
    async with AsyncSession(engine) as session, session.begin():
        await announce_published(session)
        kind, payload = (await session.execute(NEWEST)).one()
    assert kind == "sales.events-published.v1"
    return datetime.fromisoformat(json.loads(payload)["published_until"])


async def run(engine: AsyncEngine, statement: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement))


async def clock(engine: AsyncEngine) -> datetime:
    async with engine.connect() as connection:
        now: datetime = (await connection.execute(CLOCK)).scalar_one()
        return now


async def test_it_says_the_present_while_everything_is_published(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(PUBLISH_ALL)

    told = await announce(shop.engine)

    # Transactions of the API may be open meanwhile, but only for a moment.
    assert timedelta(0) <= await clock(shop.engine) - told < timedelta(seconds=5)


async def test_it_stays_behind_the_oldest_event_that_waits(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(PUBLISH_ALL)
    assert (await shop.sell((shop.coffee, 1))).status_code == 201
    await run(shop.engine, "UPDATE outbox SET created_at = created_at - interval '1 hour'")

    told = await announce(shop.engine)

    async with shop.engine.connect() as connection:
        assert told == (await connection.execute(OLDEST)).scalar_one()
    assert await clock(shop.engine) - told > timedelta(minutes=59)


async def test_it_stays_behind_a_transaction_that_has_not_committed(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(PUBLISH_ALL)
    async with shop.engine.connect() as writer:
        began: datetime = (await writer.execute(text("SELECT now()"))).scalar_one()

        assert await announce(shop.engine) <= began
