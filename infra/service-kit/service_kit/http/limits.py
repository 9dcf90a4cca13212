"""Bounds the requests of a process: their number, their bodies, and how long they delay its stop.

A refusal costs little: it comes before the request is parsed.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.database.pool import WRITES, Pools
from service_kit.http.problems import Problem
from service_kit.http.state import ApiState, Queue
from service_kit.telemetry.http_telemetry import OPERATIONS

# A stop may take ten seconds; closing connections and sending traces needs the rest.
GRACE_SECONDS = 4.0
BODY_SECONDS = 20.0  # a megabyte takes that long over a line of 400 kbit/s
# Twice as many as the largest body that is right. Each that is wrong is a fault, with an object of
# its own: ninety thousand take a second of CPU. Colons are counted, without parsing.
MOST_MEMBERS = 20_000
READS = ("GET", "HEAD")


class Admission:
    """Answers 503 at once to requests beyond `most_requests`, and to writes while the queue for
    the pool's connections is full. Probes and Prometheus always pass.

    When the process begins to stop, running requests have `GRACE_SECONDS` left. A request that a
    frozen database still holds then is answered 503.
    """

    def __init__(self, app: ASGIApp, most_requests: int, state: ApiState, pools: Pools) -> None:
        self.app = app
        self.most_requests = most_requests
        self._state = state
        self._pools = pools
        self._under_way: set[asyncio.Timeout] = set()
        state.stopping.call_when_begun(self._limit_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self.app(scope, receive, send)
            return
        if refusal := self._refuse(scope["method"]):
            await refusal.response(scope["path"])(scope, receive, send)
            return
        has_started = False

        async def send_and_note_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        limit = asyncio.timeout(GRACE_SECONDS if self._state.stopping.has_begun else None)
        try:
            async with limit:
                self._under_way.add(limit)
                await self.app(scope, receive, send_and_note_start)
        except TimeoutError:
            if has_started or not limit.expired():
                raise
            await Problem.of("stopping").response(scope["path"])(scope, receive, send)
        finally:
            self._under_way.discard(limit)

    def _refuse(self, method: str) -> Problem | None:
        if len(self._under_way) >= self.most_requests:
            self._state.count_shed(Queue.REQUESTS)
            return Problem.of("overloaded")
        if method not in READS and self._pools.is_full(WRITES):
            self._state.count_shed(Queue.POOL)
            return Problem.of("database-unavailable")
        return None

    def _limit_all(self) -> None:
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS
        for limit in self._under_way:
            limit.reschedule(latest)


@dataclass(frozen=True, slots=True)
class BodyBounds:
    """The most bytes of a body, and the most members, counted by its colons."""

    most_bytes: int
    most_members: int = MOST_MEMBERS


class BodyLimit:
    """Answers 413 to a body over `max_bytes`, declared or streamed, and 408 to a slow body.

    The paths of `others` have bounds of their own. A body that exceeds the process's budget gets
    503. Starlette's own middleware answers in plain text and has no time limit.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        state: ApiState,
        others: Mapping[str, BodyBounds] | None = None,
    ) -> None:
        self.app = app
        self._bounds = BodyBounds(max_bytes)
        self._others = others or {}
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        bounds = self._others.get(scope["path"], self._bounds)
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > bounds.most_bytes:
            await _too_large(bounds).response(scope["path"])(scope, receive, send)
            return
        held = members = 0
        is_whole = False
        latest = asyncio.get_running_loop().time() + BODY_SECONDS

        async def receive_within_limit() -> Message:
            nonlocal held, members, is_whole
            if is_whole:
                # The next message is the client's disconnect: wait for it without a limit.
                return await receive()
            try:
                async with asyncio.timeout_at(latest):
                    message = await receive()
            except TimeoutError:
                raise Problem.of("body-too-slow", seconds=BODY_SECONDS) from None
            is_whole = not message.get("more_body", False)
            body = message.get("body", b"")
            size = len(body)
            if held + size > bounds.most_bytes:
                raise _too_large(bounds)
            members += body.count(b":")
            if members > bounds.most_members:
                raise Problem.of("body-too-complex", most=bounds.most_members)
            if not self._state.bodies.take(size):
                self._state.count_shed(Queue.BODIES)
                raise Problem.of("overloaded")
            held += size
            return message

        try:
            await self.app(scope, receive_within_limit, send)
        finally:
            self._state.bodies.give_back(held)


def _too_large(bounds: BodyBounds) -> Problem:
    return Problem.of("body-too-large", max_bytes=bounds.most_bytes)
