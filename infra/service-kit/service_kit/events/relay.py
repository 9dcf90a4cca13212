"""Publishes outbox rows to Kafka: in order, by one leader, marked after the acknowledgement."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from service_kit.database.faults import DATABASE_FAULTS
from service_kit.database.loops import run_every
from service_kit.events import event_metrics, ledger
from service_kit.events.kafka_clients import abandon_producer, new_producer
from service_kit.events.log import open_log
from service_kit.events.lost_records import SEND_TIMEOUT_SECONDS, LogCheck, LogShortened
from service_kit.events.outbox_messages import SendSpans, message_headers
from service_kit.settings import ServiceSettings
from service_kit.waiting import run_until_set, wait_until_set

CHUNK_ROWS = 500
CHUNK_BYTES = 8 * 1024 * 1024  # the largest events are a hundred times as large as the usual ones
BUSY_POLL = timedelta(milliseconds=5)  # the longest wait of an event while others flow
IDLE_POLL = timedelta(milliseconds=50)  # the longest wait of the first event after a pause
LEAD_AGAIN = timedelta(seconds=1)  # how often a standby tries to lead
STAND_BACK = timedelta(seconds=3)  # after a fault: long enough for a standby to lead first
LOG_CHECK_EVERY = timedelta(seconds=10)  # how long lost records may go unnoticed

# Advisory locks are per database, so each service has its own leader.
_LEADER_LOCK = 7_301_002
_LEAD = text(f"SELECT pg_try_advisory_lock({_LEADER_LOCK})")
# The lock lasts as long as the leader's session, and the server ends a session that shows no life
# for so long: that of a frozen process, or of one whose packets are lost. A statement that still
# runs ends first. The time is longer than one wait for the broker, and shorter than a strict sale
# may wait for its decision. So a statement stands between two waits for the broker.
LONGEST_SILENCE = timedelta(seconds=20)
_SHOW_LIFE = text("""
    SELECT set_config('idle_session_timeout', :silence, false),
        set_config('idle_in_transaction_session_timeout', :silence, false),
        set_config('tcp_user_timeout', :silence, false)
""")


class RelayFault(Exception):
    """The broker did not take a chunk; its rows stay in the outbox."""


_FAULTS = (RelayFault, KafkaError, *DATABASE_FAULTS)


class Relay:
    """Publishes a service's events; one of its workers leads."""

    def __init__(self, engine: AsyncEngine, settings: ServiceSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._nudged = asyncio.Event()
        self._chunk = CHUNK_ROWS
        self.is_leading = False
        # Without a series at 0 the first loss would not be an increase, and raise no alert.
        event_metrics.RELAY_FAILURES.add(0, {"error.type": LogShortened.__name__})

    def nudge(self) -> None:
        """Look at the outbox now, because this process has committed an event."""
        self._nudged.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set; wait while the database or the broker is away."""
        await run_every(
            LEAD_AGAIN,
            stop,
            lambda: self._try_to_lead(stop),
            on_fault="relay interrupted",
            waits_out=_FAULTS,
            fault_pause=STAND_BACK,
        )

    async def _try_to_lead(self, stop: asyncio.Event) -> None:
        try:
            async with self._engine.connect() as connection:
                await self._lead(connection, stop)
        except _FAULTS as fault:
            event_metrics.RELAY_FAILURES.add(1, {"error.type": type(fault).__name__})
            raise
        finally:
            self.is_leading = False

    async def _lead(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        leads = (await connection.execute(_LEAD)).scalar_one()
        await connection.commit()
        if not leads:
            return
        try:
            await _show_life(connection)
            self.is_leading = True
            await self._publish(connection, stop)
        finally:
            # In the pool the connection would keep the lock, and no relay could lead.
            await connection.invalidate()

    async def _publish(self, connection: AsyncConnection, stop: asyncio.Event) -> None:
        producer = new_producer(self._settings)
        async with AsyncExitStack() as clients:
            # After a failed send an idempotent producer refuses its partition for ever, and a
            # send that timed out may still be delivered: the producer must not be used again.
            clients.push_async_callback(abandon_producer, producer)
            # A slow broker may hold the start for a minute. A stopped one leaves nothing to finish.
            check = await run_until_set(stop, self._start(connection, producer, clients))
            if check is not None:
                await self._relay_until_stopped(connection, producer, check, stop)

    async def _start(
        self, connection: AsyncConnection, producer: AIOKafkaProducer, clients: AsyncExitStack
    ) -> LogCheck:
        """Connect to the broker, and compare its log with the outbox."""
        async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
            await producer.start()
        # Each wait for the broker may take almost all of the silence that a leader may keep.
        await _show_life(connection)
        log = await clients.enter_async_context(open_log(self._settings, SEND_TIMEOUT_SECONDS))
        check = LogCheck(connection, self._settings, producer, log)
        await check.begin()
        return check

    async def _relay_until_stopped(
        self,
        connection: AsyncConnection,
        producer: AIOKafkaProducer,
        check: LogCheck,
        stop: asyncio.Event,
    ) -> None:
        pause = BUSY_POLL
        check_at = monotonic() + LOG_CHECK_EVERY.total_seconds()
        while not stop.is_set():
            self._nudged.clear()
            if monotonic() >= check_at:
                await check.run()
                check_at = monotonic() + LOG_CHECK_EVERY.total_seconds()
            published = await self._publish_chunk(connection, producer, check)
            if published:
                pause = BUSY_POLL
                if published == self._chunk:
                    continue
            await wait_until_set(self._nudged, pause)
            pause = min(pause * 1.5, IDLE_POLL)

    async def _publish_chunk(
        self, connection: AsyncConnection, producer: AIOKafkaProducer, check: LogCheck
    ) -> int:
        rows = await ledger.claim(connection, self._chunk, CHUNK_BYTES)
        if not rows:
            await connection.rollback()
            return 0
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                sent = await self._send(producer, rows)
        except (KafkaError, TimeoutError) as fault:
            await ledger.note_failure(connection, rows, fault)
            await connection.commit()
            # Smaller chunks isolate a row that the broker refuses.
            self._chunk = max(1, len(rows) // 2)
            raise RelayFault(repr(fault)) from fault
        ends = await ledger.mark(connection, rows, sent)
        await check.replace_lost(rows, sent)
        await connection.commit()
        check.raise_ends(ends)
        self._chunk = CHUNK_ROWS
        now = datetime.now(UTC)
        for kind, number in Counter([row.type for row in rows]).items():
            event_metrics.PUBLISHED.add(number, {"type": kind})
        for row in rows:
            event_metrics.OUTBOX_DELAY.record((now - row.created_at).total_seconds())
        return len(rows)

    async def _send(
        self, producer: AIOKafkaProducer, rows: Sequence[Row[Any]]
    ) -> list[RecordMetadata]:
        spans = SendSpans(rows, self._settings.trace_keep_ratio)
        try:
            # send() keeps the order of its calls within a partition.
            pending = [
                await producer.send(
                    self._settings.topic(row.topic),
                    key=row.key.encode(),
                    value=row.payload,
                    headers=message_headers(row, span, self._settings.service_name),
                )
                for row, span in zip(rows, spans.each, strict=True)
            ]
            sent = list(await asyncio.gather(*pending))
        except (KafkaError, asyncio.CancelledError) as fault:
            spans.end(fault)
            raise
        spans.end()
        if any(record.offset < 0 for record in sent):
            # An earlier attempt succeeded, and the broker does not say at which offset.
            raise RelayFault("position unknown")
        return sent


async def _show_life(connection: AsyncConnection) -> None:
    """Begin the leader's longest silence anew."""
    await connection.execute(_SHOW_LIFE, {"silence": f"{LONGEST_SILENCE.seconds}s"})
    await connection.commit()
