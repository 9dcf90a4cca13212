"""Mutations: each switches off one protection, and the suite must notice it."""

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from service_kit.events import (
    batch,
    cloud_events,
    consumer,
    fetching,
    kafka_clients,
    key_changes,
    ledger,
    log_reader,
    multi_partition,
    outbox,
    relay,
)
from service_kit.events.cloud_events import Kind, PoisonMessage
from service_kit.events.outbox import OutgoingEvent
from tests.system.faults.goods_mutations import GOODS_MUTATIONS
from tests.system.faults.retail_mutations import RETAIL_MUTATIONS


def without_deduplication() -> None:
    """Let the report count every delivered sale, also a known one."""
    from report_service.db import facts

    async def insert_and_count_all(
        session: AsyncSession, sales: Sequence[facts.SaleFact], entries: Sequence[Any]
    ) -> set[Any]:
        await insert_new(session, sales, entries)
        return {sale.sale_id for sale in sales}

    insert_new = facts.insert_new_sales
    facts.insert_new_sales = insert_and_count_all
    lines = str(facts._INSERT_LINES)
    facts._INSERT_LINES = text(f"{lines} ON CONFLICT DO NOTHING")


def without_entry_key() -> None:
    """Let the journal take each delivery of an event for another event."""
    from report_service.projections import journal

    entry_of = journal.entry_of

    def entry_of_delivery(event: Any) -> Any:
        entry = entry_of(event)
        return entry and entry._replace(event_id=uuid4())

    journal.entry_of = entry_of_delivery


_BELIEVE_KAFKA = text("""
    UPDATE consumer_positions AS p SET next_offset = begins.at
    FROM unnest(CAST(:partitions AS int[]), CAST(:offsets AS bigint[])) AS begins(partition, at)
    WHERE p.consumer = :consumer AND p.topic = :topic AND p.partition = begins.partition
""")


def without_fencing() -> None:
    """Let a consumer apply all that it has fetched, whatever its position says."""
    apply = consumer.Consumer._apply
    apply_together = multi_partition.apply_together

    async def believe(session: AsyncSession, name: str, fetched: fetching.Fetched) -> None:
        begins = {
            "consumer": name,
            "topic": next(iter(fetched)).topic,
            "partitions": [each.partition for each in fetched],
            "offsets": [records[0].offset for records in fetched.values()],
        }
        await session.execute(_BELIEVE_KAFKA, begins)

    async def apply_unfenced(self: Any, partition: Any, records: Any, refused: Any = None) -> int:
        async with AsyncSession(self._engine) as session, session.begin():
            await believe(session, self._name, {partition: records})
        return await apply(self, partition, records, refused)

    async def apply_together_unfenced(
        session: AsyncSession, name: str, fetched: Any, *more: Any
    ) -> None:
        await believe(session, name, fetched)
        await apply_together(session, name, fetched, *more)

    consumer.Consumer._apply = apply_unfenced  # type: ignore[method-assign]
    vars(consumer)["apply_together"] = apply_together_unfenced


def without_relay_order() -> None:
    """Let the relay take rows in any order."""
    ledger._CLAIM = text(str(ledger._CLAIM).replace("ORDER BY id", "ORDER BY md5(event_id::text)"))


def without_outbox() -> None:
    """Write an event after the commit of its change, not with it."""
    insert = ledger.INSERT
    pending: set[asyncio.Task[None]] = set()

    async def write_later(session: AsyncSession, events: Sequence[OutgoingEvent]) -> None:
        if not events:
            return
        engine = session.bind
        assert isinstance(engine, AsyncEngine)
        url = engine.url
        parameters = outbox._columns(events)

        def after_commit(_: Any) -> None:
            task = asyncio.get_running_loop().create_task(write(url, parameters))
            pending.add(task)
            task.add_done_callback(pending.discard)

        event.listen(session.sync_session, "after_commit", after_commit, once=True)

    from sales_service.db import sale_writing

    write_sale = sale_writing.write_sale
    statement = sale_writing._WRITE_SALE
    statement.sql = re.sub(r"INSERT INTO outbox \([^)]*\)", "", statement.sql)

    async def write_sale_first(
        connection: Any, draft: Any, goods: Any, event: OutgoingEvent, *more: Any
    ) -> Any:
        sale = await write_sale(connection, draft, goods, event, *more)
        body = msgspec.structs.replace(event.body, number=sale.number)
        parameters = outbox._columns([replace(event, body=body)])
        task = asyncio.create_task(write(os.environ["DATABASE_URL"], parameters))
        pending.add(task)
        task.add_done_callback(pending.discard)
        return sale

    async def write(url: Any, parameters: Any) -> None:
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(insert, parameters)
        await engine.dispose()

    outbox.add_to_outbox = write_later
    sale_writing.write_sale = write_sale_first  # type: ignore[assignment]


def without_gaps() -> None:
    """Let a consumer wait for each offset, although the log has some without a record."""

    async def read_again(self: Any, partition: Any, position: int, _: int) -> bool:
        self.seek(partition, position)
        return False

    vars(log_reader)["LogReader"].close_gap = read_again


def without_isolation() -> None:
    """Let a consumer apply what a transaction has aborted."""
    new_consumer = kafka_clients.new_consumer

    def read_all(settings: Any, group: str) -> Any:
        client = new_consumer(settings, group)
        client._isolation_level = "read_uncommitted"
        return client

    vars(consumer)["new_consumer"] = read_all


def without_life() -> None:
    """Let the server keep the session of a leader that shows no life."""
    # Each session of ours has a limit for its transactions, which is little longer.
    vars(relay)["_SHOW_LIFE"] = text(
        "SELECT set_config('idle_in_transaction_session_timeout', '0', false),"
        " CAST(:silence AS text)"
    )


def without_heartbeat() -> None:
    """Let the report take Kafka's log for all that has happened."""
    from report_service.db import freshness

    freshness._READ_HORIZON = text(
        "SELECT clock_timestamp() WHERE CAST(:topic AS text) IS NOT NULL"
    )


def without_database_clock() -> None:
    """Let the clock of an API say when a sale was recorded."""
    from sales_service.db import sale_writing

    statement = sale_writing._WRITE_SALE
    by_the_api = f"${statement.names.index('sold_at') + 1}"
    statement.sql = statement.sql.replace("clock_timestamp()", by_the_api, 1)


def without_unknown_types() -> None:
    """Let a consumer pass over each type that it does not know."""
    decode_event = cloud_events.decode_event

    def pass_over(record: Any, subscription: Any) -> Any:
        try:
            return decode_event(record, subscription)
        except PoisonMessage as poison:
            if poison.kind is Kind.UNKNOWN_TYPE:
                return None
            raise

    vars(batch)["decode_event"] = pass_over


def without_versions_of_keys() -> None:
    """Let a copy keep the state of a key that arrives last, an older one too."""
    keep = str(key_changes._KEEP)
    key_changes._KEEP = text(keep.replace("excluded.version > api_keys.version", "true"))

    def as_they_arrive(changes: Iterable[Any], **_: Any) -> Iterable[Any]:
        return changes

    # Of the states that arrive in one transaction, the newest would still be kept.
    vars(key_changes)["sorted"] = as_they_arrive


AND = "+"  # joins the names of mutations of one system

MUTATIONS: dict[str, Callable[[], None]] = {
    "deduplication": without_deduplication,
    "entry-key": without_entry_key,
    "fencing": without_fencing,
    "relay-order": without_relay_order,
    "outbox": without_outbox,
    "gaps": without_gaps,
    "isolation": without_isolation,
    "life": without_life,
    "heartbeat": without_heartbeat,
    "database-clock": without_database_clock,
    "unknown-types": without_unknown_types,
    "key-versions": without_versions_of_keys,
    **RETAIL_MUTATIONS,
    **GOODS_MUTATIONS,
}
