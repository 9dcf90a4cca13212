"""A response that waits for requests: its bytes, and what a request with its ETag gets."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]

OVERHEAD_BYTES = 1500  # of the objects around a body
# A larger body is sent apart from its end: joined with it, each reader would have a copy.
MOST_COPIED_BYTES = 64 * 1024
_CONTENT_TYPE = (b"content-type", b"application/json")
# Shared caches must not store it; the client's own cache may, and revalidates it by its ETag.
_CACHE_CONTROL = (b"cache-control", b"private, no-cache")


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a response, as a route has read it.

    For each request, `finish` returns the end of the body, and `fresh_headers` returns headers
    that a 304 has, too. At `until` (seconds since 1970) the content becomes stale without a change.
    """

    body: bytes
    finish: Callable[[], bytes] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    until: float | None = None
    fresh_headers: Callable[[], Mapping[str, str]] = dict


class Rendered(NamedTuple):
    """A response to one request, as it is sent."""

    route: Any  # the framework's scope: telemetry takes the route from it
    status: int
    headers: Headers
    body: bytes
    end: bytes = b""  # of a body that is too large to be copied

    async def send(self, send: Send, further: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send the response, with further headers of this request."""
        headers = [*self.headers, *further]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if self.end:
            await send({"type": "http.response.body", "body": self.body, "more_body": True})
            await send({"type": "http.response.body", "body": self.end})
        else:
            await send({"type": "http.response.body", "body": self.body})


class _RenderedResponse(Response):
    """A `Rendered` for the framework."""

    def __init__(self, rendered: Rendered) -> None:
        super().__init__(rendered.body, rendered.status)
        self.raw_headers = rendered.headers
        self._rendered = rendered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._rendered.send(send)


class CachedResponse:
    """A `Content`, with the changes that make it stale."""

    __slots__ = ("_content", "_headers", "_not_modified", "etag", "names", "route", "until")

    def __init__(
        self,
        content: Content,
        names: frozenset[str] = frozenset(),
        route: Any = None,
    ) -> None:
        # Of the body without its end: a report that only became older is the same report.
        self.etag = b'W/"' + blake2b(content.body, digest_size=12).hexdigest().encode() + b'"'
        self.names = names
        self.route = route
        self.until = content.until
        self._content = content
        further = _encode(content.headers)
        self._not_modified = [(b"etag", self.etag), _CACHE_CONTROL, *further]
        self._headers = [_CONTENT_TYPE, *self._not_modified]

    @property
    def size(self) -> int:
        return len(self._content.body) + OVERHEAD_BYTES

    def render(self, if_none_match: bytes) -> Rendered:
        """Return the answer to a request with this `If-None-Match`."""
        fresh = _encode(self._content.fresh_headers())
        # RFC 9110 compares weakly here: a proxy may have taken the W/ away.
        known = self.etag.removeprefix(b"W/")
        if if_none_match and (known in if_none_match or if_none_match.strip() == b"*"):
            return Rendered(self.route, 304, [*self._not_modified, *fresh], b"")
        body, finish = self._content.body, self._content.finish
        end = b"" if finish is None else finish()
        length = (b"content-length", b"%d" % (len(body) + len(end)))
        if len(body) <= MOST_COPIED_BYTES:
            body, end = body + end, b""
        return Rendered(self.route, 200, [*self._headers, *fresh, length], body, end)

    def respond(self, request: Request) -> Response:
        """Return the answer to a request of the framework."""
        if_none_match = request.headers.get("if-none-match", "").encode("latin-1")
        return _RenderedResponse(self.render(if_none_match))


def _encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def respond_uncached(request: Request, content: Content) -> Response:
    """Return the answer to a request that no other request may share."""
    return CachedResponse(content).respond(request)
