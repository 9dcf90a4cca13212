"""Tells the process's caches what has changed in the database.

Triggers (`ddl/v3.sql`) announce each change in its own transaction, by NOTIFY on
the channel `changes`. The payload is the name of what changed, such as `stock:12`, and optionally
a space and its new value.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from service_kit.database.faults import DRIVER_FAULTS
from service_kit.database.sessions import SILENT_CLIENT
from service_kit.settings import ServiceSettings

logger = logging.getLogger(__name__)

CHANNEL = "changes"
# A dead connection shows after the sum of both: the longest time for which a cache may be stale.
HEARTBEAT_SECONDS = 1.0
ANSWER_SECONDS = 1.0
RECONNECT_SECONDS = 0.5
CONNECT_SECONDS = 3.0

# Called with the name and the new value of a change; the name None: anything may have changed.
Watcher = Callable[[str | None, str], None]


class ChangeFeed:
    """Counts changes, so that caches can tell stale values. Cache nothing unless it `is_live`."""

    def __init__(self) -> None:
        self.is_live = False
        self._latest = 0
        self._changed_at: dict[str, int] = {}
        self._all_changed_at = 0
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Call `watcher` at each change."""
        self._watchers.append(watcher)

    def now(self) -> int:
        """Return a mark of now for `has_changed`; take it before the read that is cached."""
        return self._latest

    def has_changed(self, names: Iterable[str], since: int) -> bool:
        """Return whether this process knows of a change of one of `names` after a mark."""
        if self._all_changed_at > since:
            return True
        return any(self._changed_at.get(name, 0) > since for name in names)

    def note(self, name: str, value: str = "") -> None:
        """Record a change, notified or made by this process."""
        self._latest += 1
        self._changed_at[name] = self._latest
        for watcher in self._watchers:
            watcher(name, value)

    def forget(self) -> None:
        """Record that anything may have changed, because notifications were missed."""
        self._latest += 1
        self._all_changed_at = self._latest
        self._changed_at.clear()
        for watcher in self._watchers:
            watcher(None, "")


async def follow_changes(feed: ChangeFeed, settings: ServiceSettings) -> None:
    """Keep the feed live until the task is cancelled; reconnect after every loss."""
    url = make_url(settings.database_url).set(drivername="postgresql")
    while True:
        try:
            await _listen(feed, url.render_as_string(hide_password=False), settings.service_name)
        except (*DRIVER_FAULTS, OSError, TimeoutError) as fault:
            if feed.is_live:
                logger.warning("changes not heard for now", extra={"error": type(fault).__name__})
        finally:
            feed.is_live = False
            feed.forget()
        await asyncio.sleep(RECONNECT_SECONDS)


async def _listen(feed: ChangeFeed, url: str, application: str) -> None:
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        server_settings={**SILENT_CLIENT, "application_name": f"{application} changes"},
    )

    def hear(connection: Any, pid: int, channel: str, payload: object) -> None:
        name, _, value = str(payload).partition(" ")
        feed.note(name, value)

    try:
        # A schema without the triggers announces nothing.
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
        # Not close(): a server that hangs would not answer it.
        connection.terminate()
