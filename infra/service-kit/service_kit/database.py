"""The service's own PostgreSQL: one engine per process, one transaction per request or batch."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from service_kit.settings import ServiceSettings

# Every wait is bounded: a lock, a statement, a transaction whose process was frozen.
_SERVER_SETTINGS = {
    "lock_timeout": "2s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    # Every statement is short: starting workers or compiling would take longer than running it.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}
CONNECT_TIMEOUT_SECONDS = 3.0
# A server that hangs cannot keep its own limits: a second after `statement_timeout` we give up.
COMMAND_TIMEOUT_SECONDS = 11.0


@asynccontextmanager
async def open_engine(settings: ServiceSettings) -> AsyncIterator[AsyncEngine]:
    """An engine with a bounded pool; nothing is connected before the first use."""
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=settings.database_pool_timeout_seconds,
        connect_args={
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": COMMAND_TIMEOUT_SECONDS,
            "server_settings": {**_SERVER_SETTINGS, "application_name": settings.service_name},
        },
    )
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session in one transaction, committed on leaving; for a route that goes on after it."""
    async with AsyncSession(request.app.state.engine, expire_on_commit=False) as session:
        async with session.begin():
            yield session


@asynccontextmanager
async def read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for single reads: no BEGIN and no ROLLBACK round trip."""
    engine: AsyncEngine = request.app.state.engine
    read_engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with AsyncSession(read_engine, expire_on_commit=False) as session:
        yield session


async def open_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    """What `WriteSession` depends on."""
    async with write_session(request) as session:
        yield session


async def open_read(request: Request) -> AsyncIterator[AsyncSession]:
    """What `ReadSession` depends on."""
    async with read_session(request) as session:
        yield session


# Without scope="function" FastAPI runs the commit after the answer was sent: a commit that
# fails would then still be a 201 to the client.
WriteSession = Annotated[AsyncSession, Depends(open_transaction, scope="function")]
ReadSession = Annotated[AsyncSession, Depends(open_read, scope="function")]
