"""What has changed in the database, told to every process that keeps something in memory.

Triggers announce each change with the transaction that makes it (`schema.py`: PLUMBING_V3), by
PostgreSQL's NOTIFY on the channel `changes`; the payload names what changed, such as `stock:12`,
and may say after a space what it is now.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from service_kit.database.faults import LISTENING_FAULTS
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

CHANNEL = "changes"
# A connection that died silently is found out after both: so long may memory be behind.
HEARTBEAT_SECONDS = 1.0
ANSWER_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
CONNECT_SECONDS = 3.0

# Called with what has changed and what it is now; None: it may be everything.
Watcher = Callable[[str | None, str], None]


class ChangeFeed:
    """The order in which changes became known. Nothing may be kept while `is_live` is false."""

    def __init__(self) -> None:
        self.is_live = False
        self._latest = 0
        self._changed_at: dict[str, int] = {}
        self._all_changed_at = 0
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Have something called at each change, before anybody reads what it keeps."""
        self._watchers.append(watcher)

    def now(self) -> int:
        """A moment to compare changes with: taken before reading what is to be kept."""
        return self._latest

    def has_changed(self, names: Iterable[str], since: int) -> bool:
        """Whether one of these has changed after a moment, as far as this process knows."""
        if self._all_changed_at > since:
            return True
        return any(self._changed_at.get(name, 0) > since for name in names)

    def note(self, name: str, value: str = "") -> None:
        """Something has changed: by a notification, or by this process, which knows it first."""
        self._latest += 1
        self._changed_at[name] = self._latest
        for watcher in self._watchers:
            watcher(name, value)

    def forget(self) -> None:
        """Anything may have changed: notifications were missed."""
        self._latest += 1
        self._all_changed_at = self._latest
        self._changed_at.clear()
        for watcher in self._watchers:
            watcher(None, "")


@asynccontextmanager
async def follow_changes(feed: ChangeFeed, settings: ServiceSettings) -> AsyncIterator[None]:
    """Keep the feed live while the block runs, over every loss of the connection."""
    task = asyncio.create_task(_follow(feed, settings), name="changes")
    try:
        yield
    finally:
        task.cancel()
        feed.is_live = False


async def _follow(feed: ChangeFeed, settings: ServiceSettings) -> None:
    url = make_url(settings.database_url).set(drivername="postgresql")
    while True:
        try:
            await _listen(feed, url.render_as_string(hide_password=False), settings.service_name)
        except LISTENING_FAULTS as fault:
            if feed.is_live:
                logger.warning("changes not heard for now", extra={"error": type(fault).__name__})
        finally:
            feed.is_live = False
            feed.forget()
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(feed: ChangeFeed, url: str, application: str) -> None:
    connection = await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, server_settings={"application_name": f"{application} changes"}
    )

    def hear(connection: Any, pid: int, channel: str, payload: object) -> None:
        name, _, value = str(payload).partition(" ")
        feed.note(name, value)

    try:
        # A schema from before the triggers announces nothing.
        known = "SELECT to_regproc('announce_change') IS NOT NULL"
        if not await connection.fetchval(known, timeout=ANSWER_SECONDS):
            return
        async with asyncio.timeout(ANSWER_SECONDS):
            await connection.add_listener(CHANNEL, hear)
        feed.forget()
        feed.is_live = True
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await connection.fetchval("SELECT 1", timeout=ANSWER_SECONDS)
    finally:
        # Without a goodbye, which a server that hangs would not take.
        connection.terminate()
