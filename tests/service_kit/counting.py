"""A consumer that sums amounts on the kit's tables, for the tests of events."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.cloud_events import Event, PoisonMessage, Subscription
from service_kit.events.outbox import OutgoingEvent, add_to_outbox

TOPIC = "counts"
COUNTED = "counts.counted.v1"
TABLE = "CREATE TABLE counted (event_id uuid PRIMARY KEY, amount bigint NOT NULL)"


class Counted(msgspec.Struct, frozen=True):
    """The body of an event with an amount."""

    amount: int


async def count(session: AsyncSession, events: Sequence[Event[Counted]]) -> None:
    """Sum the amounts; skip events that were applied before."""
    for event in events:
        if event.body.amount == 13:
            raise PoisonMessage("thirteen")
        await session.execute(
            text("INSERT INTO counted VALUES (:id, :amount) ON CONFLICT DO NOTHING"),
            {"id": event.event_id, "amount": event.body.amount},
        )


SUBSCRIPTION = Subscription(topic=TOPIC, decoders={COUNTED: Counted}, apply=count)


async def write(engine: AsyncEngine, *amounts: int, key: str = "1") -> None:
    async with AsyncSession(engine) as session, session.begin():
        await add_to_outbox(
            session,
            [
                OutgoingEvent(topic=TOPIC, key=key, type=COUNTED, subject="s", body=Counted(amount))
                for amount in amounts
            ],
        )


async def scalar(engine: AsyncEngine, statement: str) -> Any:
    async with engine.connect() as connection:
        return (await connection.execute(text(statement))).scalar_one()


def failing(sqlstate: str) -> str:
    """Return a statement that PostgreSQL ends with this code."""
    return f"DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{sqlstate}'; END $$"
