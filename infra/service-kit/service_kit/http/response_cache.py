"""Caches responses as bytes, until their data changes.

`FirstAnswers` sends what is cached for a `GET`, without the framework and the database. Each route
says which of its responses are cached. Callers share a response only when role, sites and rights
are the same: what the route decided for one of them holds for the others.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import count
from time import time
from typing import NamedTuple

from fastapi import Request, Response
from starlette.types import Scope

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.cached_response import CachedResponse, Content, Rendered
from service_kit.http.callers import Caller
from service_kit.telemetry.stages import Stage, stage

MOST_BYTES = 64 * 1024 * 1024
# Per path, so that no client fills the cache with one response under many queries.
MOST_QUERIES = 1000
# A key's set of sites lives as long as a response that was read for it.
BYTES_OF_SITE = 64


class Key(NamedTuple):
    """A request as far as its response depends on it; a last slash of the path does not count."""

    path: str
    query: bytes
    role: str
    sites: frozenset[int] | None
    rights: frozenset[str]


@dataclass(slots=True)
class _Flight:
    """A running read; all requests that wait for it share its result (single flight)."""

    order: int  # its place in the order of requests and reads
    began: int
    task: asyncio.Future[CachedResponse]


class ResponseCache:
    """The process's cache of responses; it evicts the least recently used first."""

    def __init__(self, feed: ChangeFeed, most_bytes: int = MOST_BYTES) -> None:
        self.hits = self.misses = 0
        self._feed = feed
        self._most_bytes = most_bytes
        self._bytes = 0
        self._cached: OrderedDict[Key, CachedResponse] = OrderedDict()
        self._queries: dict[str, OrderedDict[Key, None]] = {}  # by path, the oldest first
        self._keys_of: dict[str, set[Key]] = {}  # by the name of what makes them stale
        self._flights: dict[Key, _Flight] = {}
        self._order = count()
        feed.watch(self._remove_stale)

    def find(self, scope: Scope, caller: Caller) -> Rendered | None:
        """Return the response to a request, if it is cached and the caller may have it."""
        if scope["method"] not in ("GET", "HEAD") or not self._feed.is_live:
            return None
        if_none_match, wants_fresh = _read_conditions(scope)
        if wants_fresh:
            return None
        key = _key_of(scope, caller)
        cached = self._cached.get(key)
        if cached is None:
            return None
        if cached.until is not None and cached.until <= time():
            self._remove(key)
            return None
        self._cached.move_to_end(key)
        self.hits += 1
        return cached.render(if_none_match)

    async def read_through(
        self,
        request: Request,
        caller: Caller,
        names: Iterable[str],
        read: Callable[[], Awaitable[Content]],
    ) -> Response:
        """Read a response and cache it for callers of the same role, sites and rights.

        Concurrent requests for it share one read. `names` are the changes that make it stale. At
        most one read of a response runs at a time. A request that needs a newer one waits for the
        next read and shares its result. So the database's work depends neither on the rate of
        changes nor on the number of requests.
        """
        self.misses += 1
        key = _key_of(request.scope, caller)
        names = frozenset(names)
        arrived = next(self._order)
        _, wants_fresh = _read_conditions(request.scope)
        while flight := self._flights.get(key):
            with stage(Stage.SQL):  # another request's statement
                is_new_enough = not (wants_fresh or self._is_stale(names, flight.began))
                if flight.order > arrived or is_new_enough:
                    # When the read fails, this request fails, too.
                    return (await asyncio.shield(flight.task)).respond(request)
                await asyncio.wait([flight.task])
        began = self._feed.now()
        route = request.scope["route"]

        async def read_and_add() -> CachedResponse:
            try:
                fresh = CachedResponse(await read(), names, route)
            finally:
                # Before the task ends: otherwise requests without a pause would share it for ever.
                del self._flights[key]
            if not self._is_stale(names, began):
                self._add(key, fresh)
            return fresh

        task = asyncio.ensure_future(read_and_add())
        self._flights[key] = _Flight(next(self._order), began, task)
        # Shielded: the others need it even if the first client has disconnected.
        return (await asyncio.shield(task)).respond(request)

    def _is_stale(self, names: Iterable[str], since: int) -> bool:
        return not self._feed.is_live or self._feed.has_changed(names, since)

    def _add(self, key: Key, fresh: CachedResponse) -> None:
        self._remove(key)
        self._cached[key] = fresh
        for name in fresh.names:
            self._keys_of.setdefault(name, set()).add(key)
        queries = self._queries.setdefault(key.path, OrderedDict())
        queries[key] = None
        if len(queries) > MOST_QUERIES:
            self._remove(next(iter(queries)))
        self._bytes += fresh.size + _size_of(key)
        while self._bytes > self._most_bytes:
            self._remove(next(iter(self._cached)))

    def _remove(self, key: Key) -> None:
        removed = self._cached.pop(key, None)
        if removed is None:
            return
        self._bytes -= removed.size + _size_of(key)
        del self._queries[key.path][key]
        if not self._queries[key.path]:
            del self._queries[key.path]
        for name in removed.names:
            self._keys_of[name].discard(key)
            if not self._keys_of[name]:
                del self._keys_of[name]

    def _remove_stale(self, name: str | None, value: str) -> None:
        for key in list(self._cached if name is None else self._keys_of.get(name, ())):
            self._remove(key)


def _path_of(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removesuffix("/")


def _key_of(scope: Scope, caller: Caller) -> Key:
    return Key(_path_of(scope), scope["query_string"], caller.role, caller.sites, caller.rights)


def _size_of(key: Key) -> int:
    return len(key.path) + len(key.query) + BYTES_OF_SITE * len(key.sites or ())


def _read_conditions(scope: Scope) -> tuple[bytes, bool]:
    """Return `If-None-Match`, and whether the client refuses a cached response."""
    if_none_match, wants_fresh = b"", False
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            if_none_match = value
        elif name == b"cache-control":
            directives = value.lower()  # RFC 9111: their case does not count
            wants_fresh |= b"no-cache" in directives or b"max-age=0" in directives
    return if_none_match, wants_fresh
