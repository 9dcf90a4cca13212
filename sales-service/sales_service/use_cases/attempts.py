"""Writes what another request may have written a moment before."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from sales_service.db.sale_writing import NothingWritten
from service_kit.http.idempotency import key_in_motion

# Each attempt after the first needs a key or an id that is taken between two statements.
_ATTEMPTS = 3

Result = TypeVar("Result")


async def write_or_find(
    engine: AsyncEngine, attempt: Callable[[AsyncSession], Awaitable[Result]]
) -> Result:
    """Return what an attempt in a transaction of its own writes or finds.

    An attempt that raises `NothingWritten` is made again, for a while: then another request is
    still at work under the same key.
    """
    for _ in range(_ATTEMPTS):
        try:
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                return await attempt(session)
        except NothingWritten:
            continue
    raise key_in_motion()
