"""Replays dead letters in the consumer that had refused them, when a person asks for it.

A replay writes nothing to the log, so other consumers are not affected. It locks the position row
of the live consumer, so the two never run at once. It passes the same deduplication as any
delivery, so it has no second effect.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import time_ns
from typing import Any

from aiokafka import TopicPartition
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.faults import DATABASE_FAULTS, TransientFailure, is_transient
from service_kit.database.loops import run_every
from service_kit.events import dead_letters, event_metrics, positions
from service_kit.events.batch import Batch
from service_kit.events.cloud_events import PoisonMessage, Subscription, as_poison
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=1)


class Redrive:
    """Replays a service's dead letters; its workers share the work."""

    def __init__(self, settings: ServiceSettings, subscriptions: Sequence[Subscription]) -> None:
        self._consumer = settings.service_name
        self._subscriptions: Mapping[str, Subscription] = {
            settings.topic(each.topic): each for each in subscriptions
        }
        self._open = 0
        event_metrics.observe_open_dead_letters(self._consumer, lambda: self._open)

    async def run(self, engine: AsyncEngine, stop: asyncio.Event) -> None:
        """Replay due dead letters until `stop` is set."""
        await run_every(
            LOOK_EVERY, stop, lambda: self.replay_due(engine), on_fault="dead letters not read"
        )

    async def replay_due(self, engine: AsyncEngine) -> None:
        """Try each due dead letter once."""
        postponed: list[int] = []
        while await self._look(engine) and await self._replay_next(engine, postponed):
            pass

    async def _look(self, engine: AsyncEngine) -> bool:
        async with engine.connect() as connection:
            counts = (
                await connection.execute(dead_letters.COUNT, {"consumer": self._consumer})
            ).one()
        self._open = counts.open
        return bool(counts.due)

    async def _replay_next(self, engine: AsyncEngine, postponed: list[int]) -> bool:
        async with AsyncSession(engine) as session, session.begin():
            claimed = await session.execute(
                dead_letters.CLAIM_DUE, {"consumer": self._consumer, "postponed": postponed}
            )
            row = claimed.one_or_none()
            if row is None:
                return False
            try:
                poison = await self._apply(session, row)
            except (*DATABASE_FAULTS, TransientFailure) as fault:
                if not is_transient(fault):
                    raise
                # The letters behind it must not wait for it.
                postponed.append(row.id)
                logger.warning(
                    "replay postponed", extra={"dead_letter": row.id, "error": repr(fault)}
                )
                await session.rollback()
                return True
            if poison is None:
                resolution = {"id": row.id, "resolution": "applied by its consumer"}
                await session.execute(dead_letters.RESOLVE, resolution)
            else:
                refusal = {"id": row.id, "kind": poison.kind.value, "error": str(poison)}
                await session.execute(dead_letters.REFUSE_AGAIN, refusal)
        outcome = "refused" if poison else "applied"
        event_metrics.DEAD_LETTERS_REPLAYED.add(1, {"consumer": self._consumer, "outcome": outcome})
        logger.info(
            "dead letter replayed",
            extra={"dead_letter": row.id, "outcome": outcome, "event_trace_id": row.trace_id},
        )
        return True

    async def _apply(self, session: AsyncSession, row: Row[Any]) -> PoisonMessage | None:
        """Apply one message; return why, when it is refused again."""
        subscription = self._subscriptions.get(row.topic)
        if subscription is None:
            return PoisonMessage(f"this version reads no {row.topic}")
        partition = TopicPartition(row.topic, row.partition)
        await positions.lock(session, self._consumer, [partition])
        batch = Batch(subscription, self._consumer, time_ns(), keep_ratio=1.0)
        try:
            batch.decode_or_raise(dead_letters.restore_record(row))
            with batch.traced():
                batch.start_spans()
                # A fault undoes what the event has written and keeps the claim on its letter.
                async with session.begin_nested():
                    await batch.apply(session)
        except (PoisonMessage, DBAPIError) as fault:
            return as_poison(fault)
        return None
