"""The table `outbox`: rows to publish, and for published rows their offset in Kafka's log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiokafka.structs import RecordMetadata, TopicPartition
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

LEDGER_AGE = timedelta(days=8)  # how long published rows stay, longer than any replay needs
STEP_ROWS = 5000  # a statement of some hundred milliseconds, far below its timeout

INSERT = text("""
    INSERT INTO outbox (event_id, topic, key, type, subject, traceparent, actor, payload)
    SELECT event_id, topic, key, type, subject, traceparent, actor, payload
    FROM unnest(CAST(:event_ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS text[]),
        CAST(:types AS text[]), CAST(:subjects AS text[]), CAST(:traceparents AS text[]),
        CAST(:actors AS text[]), CAST(:payloads AS bytea[])) WITH ORDINALITY AS e(event_id, topic,
        key, type, subject, traceparent, actor, payload, n)
    ORDER BY n
""")

# The body of a CTE for a service's statement that writes a change and its event in one round trip.
# An earlier CTE `announced` has the event as its only column `body`, JSON of type text.
# `outbox.event_parameters` gives the values.
INSERT_EVENT = """
    INSERT INTO outbox (event_id, topic, key, type, subject, traceparent, actor, payload)
    SELECT CAST(:event_id AS uuid), :event_topic, :event_key, :event_type, :event_subject,
        :event_traceparent, :event_actor, convert_to(body, 'UTF8')
    FROM announced
"""
# The text of `:event_body`, with the columns of the row `given` as further members. The event must
# have members, and none of these. Text is joined: PostgreSQL would parse and write jsonb for each.
COMPLETED = "left(CAST(:event_body AS text), -1) || ',' || substr(CAST(to_json(given) AS text), 2)"

# The first row at least, and those after it until their payloads have so many bytes.
_CLAIM = text("""
    WITH oldest AS (
        SELECT id, created_at, event_id, topic, key, type, subject, traceparent, actor, payload
        FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT :chunk
    ), counted AS (
        SELECT *, sum(octet_length(payload)) OVER (ORDER BY id) - octet_length(payload) AS before
        FROM oldest
    )
    SELECT id, created_at, event_id, topic, key, type, subject, traceparent, actor, payload
    FROM counted WHERE before < :bytes ORDER BY id
""")
_MARK = text("""
    UPDATE outbox SET published_at = clock_timestamp(), kafka_partition = sent.part,
        kafka_offset = sent.pos
    FROM unnest(CAST(:ids AS bigint[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]))
        AS sent(id, part, pos)
    WHERE outbox.id = sent.id
""")
_NOTE_ENDS = text("""
    INSERT INTO published_positions AS known (topic, partition, next_offset)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]),
        CAST(:offsets AS bigint[]))
    ON CONFLICT (topic, partition) DO UPDATE
        SET next_offset = greatest(known.next_offset, excluded.next_offset)
""")
_READ_ENDS = text("SELECT topic, partition, next_offset FROM published_positions")
_PUBLISH_AGAIN = text("""
    UPDATE outbox SET published_at = NULL, last_error = 'lost by the broker'
    WHERE id IN (
        SELECT id FROM outbox
        WHERE published_at IS NOT NULL AND topic = :topic AND kafka_partition = :partition
            AND kafka_offset >= :offset
        ORDER BY kafka_offset LIMIT :step)
""")
_NEWEST = text("""
    SELECT kafka_offset, event_id FROM outbox
    WHERE published_at IS NOT NULL AND topic = :topic AND kafka_partition = :partition
        AND kafka_offset < :below
    ORDER BY kafka_offset DESC LIMIT :count
""")
# Exact up to 10,000 rows. Beyond that it is the range of their ids, so the cost does not grow.
_COUNT_PENDING = text("""
    WITH oldest AS (
        SELECT id, created_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1
    ), counted AS (
        SELECT count(*) AS n
        FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT 10000) AS capped
    )
    SELECT
        CASE WHEN counted.n < 10000 THEN counted.n ELSE greatest(counted.n,
            (SELECT max(id) FROM outbox WHERE published_at IS NULL) - oldest.id + 1) END AS pending,
        CAST(extract(epoch FROM clock_timestamp() - oldest.created_at) AS float8) AS age
    FROM counted LEFT JOIN oldest ON true
""")
_NOTE_FAILURE = text("""
    UPDATE outbox SET attempts = attempts + 1, last_error = :error WHERE id = ANY(:ids)
""")
# The oldest rows have the lowest ids, so that no statement reads more than its batch. Rows that are
# published again are young again, and keep those behind them for as long.
_PRUNE = text("""
    DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT :step)
        AND published_at < clock_timestamp() - CAST(:age AS interval)
""")
_READ_SIZE = text("SELECT pg_total_relation_size('outbox')")

# The end of each partition's log after our own records, by our name of the topic.
Ends = dict[TopicPartition, int]


async def claim(connection: AsyncConnection, chunk: int, most_bytes: int) -> Sequence[Row[Any]]:
    """Return the oldest rows that are not published: at most `chunk`, and fewer if large."""
    return (await connection.execute(_CLAIM, {"chunk": chunk, "bytes": most_bytes})).all()


async def mark(
    connection: AsyncConnection, rows: Sequence[Row[Any]], sent: Sequence[RecordMetadata]
) -> Ends:
    """Store the offsets of published rows, and return the new ends of the log."""
    await connection.execute(
        _MARK,
        {
            "ids": [row.id for row in rows],
            "partitions": [record.partition for record in sent],
            "offsets": [record.offset for record in sent],
        },
    )
    ends: Ends = {}
    for row, record in zip(rows, sent, strict=True):
        partition = TopicPartition(row.topic, record.partition)
        ends[partition] = max(ends.get(partition, 0), record.offset + 1)
    await note_ends(connection, ends)
    return ends


async def note_ends(connection: AsyncConnection, ends: Ends) -> None:
    """Store the ends of the log; a stored end never decreases."""
    # Sorted, because two relays that overlap for a moment must not deadlock.
    ordered = sorted(ends)
    await connection.execute(
        _NOTE_ENDS,
        {
            "topics": [each.topic for each in ordered],
            "partitions": [each.partition for each in ordered],
            "offsets": [ends[each] for each in ordered],
        },
    )


async def read_ends(connection: AsyncConnection) -> Ends:
    """Return the ends of the log as of our last write."""
    rows = await connection.execute(_READ_ENDS)
    return {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}


async def publish_again(connection: AsyncConnection, partition: TopicPartition, offset: int) -> int:
    """Mark some rows at or after an offset as unpublished, the lowest offsets first.

    Return their number: 0 when all are marked.
    """
    parameters = {**partition._asdict(), "offset": offset, "step": STEP_ROWS}
    return (await connection.execute(_PUBLISH_AGAIN, parameters)).rowcount


async def newest(
    connection: AsyncConnection, partition: TopicPartition, below: int, count: int
) -> Sequence[Row[Any]]:
    """Return the last published rows of a partition below an offset, newest first."""
    parameters = {**partition._asdict(), "below": below, "count": count}
    return (await connection.execute(_NEWEST, parameters)).all()


async def count_pending(connection: AsyncConnection) -> tuple[int, float | None]:
    """Return how many rows are not published, and the age in seconds of the oldest."""
    pending, age = (await connection.execute(_COUNT_PENDING)).one()
    return pending, age


async def note_failure(
    connection: AsyncConnection, rows: Sequence[Row[Any]], error: BaseException
) -> None:
    """Store on the rows why they could not be published."""
    await connection.execute(_NOTE_FAILURE, {"ids": [row.id for row in rows], "error": repr(error)})


async def prune(connection: AsyncConnection) -> int:
    """Delete a batch of rows that are older than `LEDGER_AGE`, and return their number."""
    parameters = {"age": LEDGER_AGE, "step": STEP_ROWS}
    return (await connection.execute(_PRUNE, parameters)).rowcount


async def read_size(connection: AsyncConnection) -> int:
    """Return the bytes that the outbox takes on disk, with its indexes."""
    return int((await connection.execute(_READ_SIZE)).scalar_one())


# Two statements, and in this order. A transaction that the first does not see has ended, and the
# second sees its rows; or it begins later, and so do the dates of its rows. `clock_timestamp()`
# would be read after the list of transactions: one could begin in between.
_READ_FLOOR = text("""
    SELECT least(statement_timestamp(), min(xact_start)) FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid()
""")
_READ_OLDEST_PENDING = text("""
    SELECT min(created_at) FROM (
        SELECT created_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT 1000
    ) AS oldest
""")


async def read_published_until(connection: AsyncConnection) -> datetime:
    """Return an instant before which every committed event is in Kafka, by the database's clock."""
    floor: datetime = (await connection.execute(_READ_FLOOR)).scalar_one()
    pending: datetime | None = (await connection.execute(_READ_OLDEST_PENDING)).scalar_one()
    return floor if pending is None else min(floor, pending)
