"""Answers that are kept as bytes, until what they were read from changes.

`serve` finds the answer to a `GET` by the request's key, its path and `If-None-Match`, without a
database; `kept_answers.py` sends it. Each route says which of its answers are kept.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from time import time
from typing import Any, NamedTuple

from fastapi import Request, Response
from starlette.types import Scope

from service_kit.database.change_feed import ChangeFeed
from service_kit.http.cache_counts import CacheCounts
from service_kit.http.callers import Callers, key_of_headers
from service_kit.telemetry.stages import Stage, stage

MOST_BYTES = 64 * 1024 * 1024
OVERHEAD_BYTES = 1500  # of the objects around a body
_CONTENT_TYPE = (b"content-type", b"application/json")
# Shared caches must ask us each time; the client's own may keep it, and asks with its ETag.
_CACHE_CONTROL = (b"cache-control", b"private, no-cache")


@dataclass(frozen=True, slots=True)
class Content:
    """The body that a route has read.

    `finish` returns the end of the body anew for each response. `until` (seconds since 1970) is
    when the content becomes stale although nothing has changed.
    """

    body: bytes
    finish: Callable[[], bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    until: float | None = None


class Ready(NamedTuple):
    """An answer to one request, as it is sent."""

    route: Any  # that of the framework, which telemetry names the request by
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Answer:
    """A `Content` that waits for requests."""

    __slots__ = (
        "_body",
        "_finish",
        "_headers",
        "_not_modified",
        "etag",
        "roles",
        "route",
        "until",
    )

    def __init__(self, content: Content, roles: Iterable[str], route: Any) -> None:
        # Of the figures alone: a report that only became older is the same report.
        self.etag = b'W/"' + blake2b(content.body, digest_size=12).hexdigest().encode() + b'"'
        self.roles = frozenset(roles)
        self.route = route
        self.until = content.until
        self._body = content.body
        self._finish = content.finish
        further = [(k.lower().encode(), v.encode()) for k, v in content.headers.items()]
        self._not_modified = [(b"etag", self.etag), _CACHE_CONTROL, *further]
        self._headers = [_CONTENT_TYPE, *self._not_modified]

    @property
    def size(self) -> int:
        return len(self._body) + OVERHEAD_BYTES

    def render(self, if_none_match: bytes) -> Ready:
        """What a request with this `If-None-Match` is answered."""
        if if_none_match and (self.etag in if_none_match or if_none_match == b"*"):
            return Ready(self.route, 304, self._not_modified, b"")
        body = self._body if self._finish is None else self._body + self._finish()
        length = (b"content-length", b"%d" % len(body))
        return Ready(self.route, 200, [*self._headers, length], body)

    def respond(self, request: Request) -> Response:
        """The same for the framework."""
        if_none_match = request.headers.get("if-none-match", "").encode("latin-1")
        ready = self.render(if_none_match)
        response = Response(ready.body, ready.status)
        response.raw_headers = ready.headers
        return response


@dataclass(slots=True)
class _Reading:
    """A read of an answer, whose result all requests that wait for it share."""

    order: int  # among requests and readings, as they came
    began: int
    task: asyncio.Future[Answer]


Key = tuple[str, bytes]


class ReadyAnswers:
    """The process's cache of answers; it evicts the least recently used first."""

    def __init__(self, feed: ChangeFeed, callers: Callers, most_bytes: int = MOST_BYTES) -> None:
        self.counts = CacheCounts("answers")
        self._feed = feed
        self._callers = callers
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._by_name: dict[str, set[Key]] = {}
        self._names: dict[Key, frozenset[str]] = {}
        self._readings: dict[Key, _Reading] = {}
        self._order = count()
        feed.watch(self._drop_changed)

    def serve(self, scope: Scope) -> Ready | None:
        """Return the cached answer to a request, if there is one and its key may have it."""
        if scope["method"] != "GET":
            return None
        answer = self._find(key_of(scope))
        if answer is None:
            return None
        key, if_none_match, is_refused = _read_headers(scope)
        caller = None if is_refused or not key else self._callers.find(key)
        if caller is None or caller.role not in answer.roles:
            return None
        self.counts.hits += 1
        return answer.render(if_none_match)

    def _find(self, key: Key) -> Answer | None:
        answer = self._answers.get(key)
        if answer is None or not self._feed.is_live:
            return None
        if answer.until is not None and answer.until <= time():
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return answer

    async def answer(
        self,
        request: Request,
        names: Iterable[str],
        roles: Iterable[str],
        read: Callable[[], Awaitable[Content]],
    ) -> Response:
        """Read an answer and cache it; concurrent requests for it share one read.

        `names` are the changes that make it stale, and `roles` may have it. At most one read of an
        answer runs at a time. A request that needs a newer one waits for the next read and shares
        its result. So the database's work depends neither on the rate of changes nor on the number
        of requests.
        """
        self.counts.misses += 1
        key = key_of(request.scope)
        names = frozenset(names)
        arrived = next(self._order)
        _, _, wants_anew = _read_headers(request.scope)
        # One that is done stands here until the loop comes to its callback.
        while (reading := self._readings.get(key)) and not reading.task.done():
            with stage(Stage.SQL):  # somebody else's statement
                if reading.order > arrived or not (wants_anew or self._is_old(reading, names)):
                    answer = await asyncio.shield(reading.task)  # its failure is ours too
                    return answer.respond(request)
                await asyncio.wait([reading.task])
        route = request.scope["route"]

        async def read_answer() -> Answer:
            began = self._feed.now()
            answer = Answer(await read(), roles, route)
            if self._feed.is_live and not self._feed.has_changed(names, began):
                self._keep(key, names, answer)
            return answer

        # Shielded: the others want it even if the one who asked first has gone.
        answer = await asyncio.shield(self._begin_reading(key, read_answer()).task)
        return answer.respond(request)

    def _is_old(self, reading: _Reading, names: Iterable[str]) -> bool:
        """Return whether something may have changed since the read began."""
        return not self._feed.is_live or self._feed.has_changed(names, reading.began)

    def answer_once(self, request: Request, content: Content) -> Response:
        """An answer that is not for anybody else."""
        return Answer(content, (), None).respond(request)

    def _begin_reading(self, key: Key, read: Coroutine[Any, Any, Answer]) -> _Reading:
        reading = _Reading(next(self._order), self._feed.now(), asyncio.ensure_future(read))
        self._readings[key] = reading

        def end(_: asyncio.Future[Answer]) -> None:
            if self._readings.get(key) is reading:
                del self._readings[key]

        reading.task.add_done_callback(end)
        return reading

    def _keep(self, key: Key, names: frozenset[str], answer: Answer) -> None:
        self._drop(key)
        self._answers[key] = answer
        self._names[key] = names
        for name in names:
            self._by_name.setdefault(name, set()).add(key)
        self._bytes += answer.size
        while self._bytes > self._most_bytes:
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        answer = self._answers.pop(key, None)
        if answer is None:
            return
        self._bytes -= answer.size
        for name in self._names.pop(key):
            keys = self._by_name[name]
            keys.discard(key)
            if not keys:
                del self._by_name[name]

    def _drop_changed(self, name: str | None, value: str) -> None:
        keys = self._answers if name is None else self._by_name.get(name, ())
        for key in list(keys):
            self._drop(key)


def key_of(scope: Scope) -> Key:
    """Return the cache's key for a request: its path and query, as they were sent."""
    return scope["path"], scope["query_string"]


def _read_headers(scope: Scope) -> tuple[str | None, bytes, bool]:
    """Return the API key, `If-None-Match`, and whether the client refuses a cached answer."""
    if_none_match, is_refused = b"", False
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            if_none_match = value
        elif name == b"cache-control":
            directives = value.lower()  # RFC 9111: their case does not count
            is_refused |= b"no-cache" in directives or b"max-age=0" in directives
    return key_of_headers(scope["headers"]), if_none_match, is_refused
