"""Opens and closes this process's clients of Kafka."""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import BrokerNotAvailableError, KafkaError

from service_kit.settings import KafkaSettings, ServiceSettings

logger = logging.getLogger(__name__)

GOODBYE_SECONDS = 2.0  # for a hanging broker, out of the ten seconds that a stop may take


def kafka_credentials(settings: KafkaSettings) -> dict[str, Any]:
    """Return the arguments of aiokafka's clients that authenticate this process."""
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    assert settings.kafka_username is not None
    assert settings.kafka_password is not None
    return {
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }


@asynccontextmanager
async def open_admin(
    bootstrap_servers: str, **credentials: Any
) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open a client for topics; raise `BrokerNotAvailableError` while the cluster has no broker.

    A broker whose heartbeat its controller has missed is in no cluster for a moment. The calls of a
    client that was started then fail with an `AttributeError` or an `AssertionError`.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, **credentials)
    try:
        await admin.start()
        if admin._client.get_random_node() is None:
            raise BrokerNotAvailableError(f"{bootstrap_servers} names no broker")
        yield admin
    finally:
        await admin.close()


def new_consumer(settings: ServiceSettings, group: str) -> AIOKafkaConsumer:
    """Return a member of a consumer group that is not started yet."""
    return AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        **kafka_credentials(settings),
        client_id=settings.service_name,
        group_id=group,
        group_instance_id=settings.worker_instance,
        # aiokafka's timer would commit records that are fetched and not yet applied.
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Ours use no transactions. What another producer has aborted must not take effect.
        isolation_level="read_committed",
        partition_assignment_strategy=(StickyPartitionAssignor,),
        session_timeout_ms=15_000,
        heartbeat_interval_ms=3_000,
        fetch_max_bytes=8 * 1024 * 1024,
        fetch_max_wait_ms=200,
        metadata_max_age_ms=30_000,
        # While the broker is away, aiokafka logs several lines per attempt.
        retry_backoff_ms=500,
    )


def give_up_membership(client: AIOKafkaConsumer) -> None:
    """Let a named member, too, leave its group when it stops; its partitions move at once."""
    client._coordinator._group_instance_id = None


async def stop_consumer(client: AIOKafkaConsumer) -> None:
    """Stop a consumer, and leave its group unless the broker does not answer."""
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await client.stop()
    except (TimeoutError, KafkaError, asyncio.CancelledError) as fault:
        # aiokafka cancels a fetch that rests after a fault, and lets that cancellation through.
        logger.info("consumer not stopped in order", extra={"error": repr(fault)})
        await _abandon_consumer(client)
    if _is_cancelled():
        # aiokafka may swallow the cancellation of whoever stops it.
        raise asyncio.CancelledError


def _is_cancelled() -> bool:
    """Return whether somebody has cancelled the current task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _abandon_consumer(client: AIOKafkaConsumer) -> None:
    """End what an interrupted stop leaves: tasks that connect and heartbeat, and connections."""
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task", "_fetch_task")
    owners = (client._coordinator, client._fetcher)
    tasks = [task for each in owners for name in names if (task := getattr(each, name, None))]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await _close_connections(client._client)


def new_producer(settings: ServiceSettings) -> AIOKafkaProducer:
    """Return an idempotent producer that is not started yet."""
    return AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        **kafka_credentials(settings),
        client_id=settings.service_name,
        acks="all",
        enable_idempotence=True,
        max_batch_size=256 * 1024,
        max_request_size=1_000_000,
        # The relay gives up first. aiokafka would close a connection and leave it to the kernel to
        # deliver what was sent.
        request_timeout_ms=30_000,
        compression_type="lz4",
    )


async def abandon_producer(producer: AIOKafkaProducer) -> None:
    """Stop a producer so that it delivers nothing later."""
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await producer.stop()
    except (TimeoutError, KafkaError):
        # stop() waits for batches that a dead broker will never take. Without its sender task
        # the producer cannot deliver them.
        sender = producer._sender
        if sender is not None and sender.sender_task is not None:
            sender.sender_task.cancel()
        await _close_connections(producer.client)


async def _close_connections(client: AIOKafkaClient) -> None:
    for connection in list(client._conns.values()):
        _reset(connection)
    await client.close()


def _reset(connection: AIOKafkaConnection) -> None:
    """Close a connection without delivering what the kernel still holds.

    Otherwise the kernel would send it when a broken network is whole again, after another relay
    has published the same events.
    """
    if connection._writer is None:
        return
    transport = connection._writer.transport
    wait_for_nothing = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, wait_for_nothing
    )
    transport.abort()
