"""Looks keys up in the database, so that unknown ones cost it little."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.callers import KEYS_CHANGED, Caller, CallerCache, FoundCaller
from service_kit.http.quotas import Quota

Read = Callable[[], Awaitable[FoundCaller | None]]


@dataclass(slots=True)
class _Flight:
    """A running lookup; all requests with the key share its result (single flight)."""

    order: int  # its place in the order of requests and lookups
    began: int
    task: asyncio.Future[Caller | None]


class KeyLookups:
    """The lookups of a process: at most one of a key at a time, and few of one address's guesses.

    A key that was not met before counts as wrong until the database knows it. Otherwise a flood of
    guesses would fill the pool while the first answers are still awaited.
    """

    def __init__(self, feed: ChangeFeed, callers: CallerCache, wrong_keys: Quota) -> None:
        self._feed = feed
        self._callers = callers
        self._wrong_keys = wrong_keys
        self._flights: dict[str, _Flight] = {}
        self._order = count()

    async def find(self, key: str, address: str, read: Read) -> Caller | None:
        """Return who has the key, as the cache of unknown keys or `read` says.

        Raises `Problem` 429 when the address has sent too many wrong keys.
        """
        if self._callers.is_unknown(key):
            self._count_wrong(address)
            return None
        arrived = next(self._order)
        while flight := self._flights.get(key):
            # When the read fails, this request fails, too.
            caller = await asyncio.shield(flight.task)
            if flight.order > arrived or self._is_current(flight.began):
                return caller
        may_be_wrong = self._callers.client_of(key) is None
        if may_be_wrong:
            self._count_wrong(address)
        began = self._feed.now()

        async def look_up() -> Caller | None:
            is_wrong = False
            try:
                found = await read()
                is_wrong = found is None
            finally:
                # Before the task ends: otherwise requests without a pause would share it for ever.
                del self._flights[key]
                if may_be_wrong and not is_wrong:
                    self._wrong_keys.give_back(address)
            if found is None:
                self._callers.add_unknown(key, began)
                return None
            self._callers.add(key, found.caller, began, found.until)
            return found.caller

        task = asyncio.ensure_future(look_up())
        self._flights[key] = _Flight(next(self._order), began, task)
        # Shielded: the others need it even if the first client has disconnected.
        return await asyncio.shield(task)

    def _count_wrong(self, address: str) -> None:
        if self._wrong_keys.is_on:
            self._wrong_keys.take(address)

    def _is_current(self, since: int) -> bool:
        return self._feed.is_live and not self._feed.has_changed([KEYS_CHANGED], since)
