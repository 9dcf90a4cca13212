"""Fetches records by their size, not only by their number."""

from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

POLL_TIMEOUT_MS = 200
BATCH_RECORDS = 1000
# Values as they are read; decoded and summed they take several times as much. The usual events
# never reach it.
BATCH_BYTES = 4 * 1024 * 1024
# Of one step: the largest events in it go beyond `BATCH_BYTES` together, and still fit.
STEP_RECORDS = 25

Fetched = Mapping[TopicPartition, Sequence[ConsumerRecord]]


class Undecodable(Exception):
    """The client cannot decode a record.

    It has moved past other records of the failed step, and has dropped them. `before` has those of
    the steps before it.
    """

    def __init__(self, before: Fetched) -> None:
        super().__init__()
        self.before = before


async def fetch_some(client: AIOKafkaConsumer, most_records: int = BATCH_RECORDS) -> Fetched:
    """Return the next records of all partitions, fewer when they are large.

    Raises `Undecodable`.
    """
    fetched: dict[TopicPartition, list[ConsumerRecord]] = {}
    number, size, timeout = 0, 0, POLL_TIMEOUT_MS
    while number < most_records and size < BATCH_BYTES:
        wanted = min(most_records - number, STEP_RECORDS)
        try:
            step = await client.getmany(timeout_ms=timeout, max_records=wanted)
        except UnicodeDecodeError as error:
            raise Undecodable(fetched) from error
        for partition, records in step.items():
            fetched.setdefault(partition, []).extend(records)
            size += sum(len(record.value or b"") for record in records)
        got = sum(map(len, step.values()))
        number += got
        if got < wanted:
            break
        # Take only records that the client has fetched already: do not wait for a fuller batch.
        timeout = 0
    return fetched
