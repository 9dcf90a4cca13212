"""A consumer's connection to its group, by the rules that its positions in the database make."""

import asyncio
import logging
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from service_kit.events.kafka_clients import kafka_credentials
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

GOODBYE_SECONDS = 2.0  # what a broker that hangs may cost of the ten seconds of a stop


def new_client(settings: ServiceSettings, group: str, topics: Iterable[str]) -> AIOKafkaConsumer:
    """Not started yet."""
    return AIOKafkaConsumer(
        *topics,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        **kafka_credentials(settings),
        client_id=settings.service_name,
        group_id=group,
        group_instance_id=settings.worker_instance,
        # Committed by hand: the timer of aiokafka commits what nobody has applied yet.
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=15_000,
        heartbeat_interval_ms=3_000,
        fetch_max_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=200,
        metadata_max_age_ms=30_000,
        # While the broker is away, aiokafka logs several lines per attempt.
        retry_backoff_ms=500,
    )


async def stop_client(client: AIOKafkaConsumer) -> None:
    """Leave the group, if the broker still listens."""
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await client.stop()
    except (TimeoutError, KafkaError) as fault:
        logger.info("consumer did not leave its group", extra={"error": repr(fault)})
