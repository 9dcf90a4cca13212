"""Opens connections to the service's PostgreSQL, in bounded pools."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from service_kit.database.pool import WRITES, BoundedPool, Pools
from service_kit.settings import ServiceSettings
from service_kit.telemetry.statements import time_statements

logger = logging.getLogger(__name__)

# The server ends the session of a client whose packets are lost. Without it the session would stay
# for hours, and while it sends an answer no timeout of its statement ends it.
SILENT_CLIENT = {
    "tcp_user_timeout": "20s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "2",
}
# Bounds for every wait: for a lock, for a statement, and for the transaction of a frozen process.
_SERVER_SETTINGS = {
    **SILENT_CLIENT,
    "lock_timeout": "2s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    # Statements are short: parallel workers or JIT would cost more than they save.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
CONNECT_TIMEOUT_SECONDS = 3.0
# One second more than `statement_timeout`, for a hanging server that does not enforce it.
COMMAND_TIMEOUT_SECONDS = 11.0
# A hanging server does not answer a close, and each connection would wait for the answer.
CLOSE_TIMEOUT_SECONDS = 1.0


def open_engine(
    settings: ServiceSettings, pools: Pools | None = None
) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open an engine with the whole pool of the process; it connects at the first use."""
    return _open(settings, "all", settings.database_pool_size, pools)


@asynccontextmanager
async def open_engines(
    settings: ServiceSettings, pools: Pools | None = None
) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Open two engines, each with half of the pool: for transactions, and for single reads.

    Requests that wait for locks then take no connection from reads. The second engine is
    read-only on the server.
    """
    for_reads = max(1, settings.database_pool_size // 2)
    for_writes = max(1, settings.database_pool_size - for_reads)
    async with (
        _open(settings, WRITES, for_writes, pools) as writer,
        _open(settings, "read", for_reads, pools, is_read_only=True) as reader,
    ):
        yield writer, reader


def open_probe(settings: ServiceSettings) -> AbstractAsyncContextManager[AsyncEngine]:
    """Open one connection for readiness, because a full pool says nothing about the database."""
    return _open(settings, "", 1, is_read_only=True)


@asynccontextmanager
async def _open(
    settings: ServiceSettings,
    label: str,
    size: int,
    pools: Pools | None = None,
    *,
    is_read_only: bool = False,
) -> AsyncIterator[AsyncEngine]:
    server_settings = {**_SERVER_SETTINGS, "application_name": settings.service_name}
    if is_read_only:
        server_settings["default_transaction_read_only"] = "on"
    engine = create_async_engine(
        settings.database_url,
        # Saves the round trips of BEGIN and ROLLBACK around a single read.
        isolation_level="AUTOCOMMIT" if is_read_only else None,
        poolclass=BoundedPool,
        label=label,
        most_waiting=settings.database_pool_waiting,
        # Logs and dead letters hold the text of errors; they must not hold values.
        hide_parameters=True,
        json_deserializer=msgspec.json.decode,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout_seconds,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": COMMAND_TIMEOUT_SECONDS,
            "server_settings": server_settings,
        },
    )
    if pools is not None:
        assert isinstance(engine.pool, BoundedPool)
        pools.add(engine.pool)
    time_statements(engine)
    try:
        yield engine
    finally:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await engine.dispose()
        except TimeoutError:
            logger.warning("connections not closed: the database does not answer")


def after_commit(session: AsyncSession, act: Callable[[], None]) -> None:
    """Call `act` once after the session's transaction has committed, never after a rollback.

    A rollback to the savepoint within which this was called counts as one.
    """
    sync = session.sync_session
    within = (sync.get_transaction(), sync.get_nested_transaction())
    is_over = False

    def committed(_: Session) -> None:
        nonlocal is_over
        # The release of a savepoint is announced as a commit, too.
        if not is_over and not sync.in_nested_transaction():
            is_over = True
            act()

    def rolled_back(_: Session, undone: SessionTransaction) -> None:
        nonlocal is_over
        is_over = is_over or undone in within

    event.listen(sync, "after_commit", committed)
    event.listen(sync, "after_soft_rollback", rolled_back)
