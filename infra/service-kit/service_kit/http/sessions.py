"""Sessions of a request: a transaction that writes, or single reads."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.http.state import api_state


@asynccontextmanager
async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a transaction that commits when the block ends, so before the answer.

    Raises `OutboxFull` instead of recording what cannot be sent.
    """
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    async with AsyncSession(state.engine, expire_on_commit=False) as session, session.begin():
        yield session


@asynccontextmanager
async def read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a session for single reads, each in its own transaction; the server refuses changes."""
    async with AsyncSession(api_state(request.app).read_engine, expire_on_commit=False) as session:
        yield session


async def open_read(request: Request) -> AsyncIterator[AsyncSession]:
    """Open the session of a route that asks for `ReadSession`."""
    async with read_session(request) as session:
        yield session


# With the default scope FastAPI would keep the connection until the answer is sent.
ReadSession = Annotated[AsyncSession, Depends(open_read, scope="function")]
