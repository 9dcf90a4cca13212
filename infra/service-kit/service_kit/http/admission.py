"""Limits how many requests run in a process, and how long they may delay its stop."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.database.pool import WRITES, Pools
from service_kit.http.problems import Problem
from service_kit.http.shedding import Queue, Shedding
from service_kit.http.stopping import Stopping

# A stop may take ten seconds; closing connections and sending traces needs the rest.
GRACE_SECONDS = 4.0
OPERATIONS = ("/health/", "/metrics")
READS = ("GET", "HEAD")


class Admission:
    """Answers 503 at once to requests beyond `most_requests`, and to writes while the queue for
    the pool's connections is full. Probes and Prometheus always pass.

    When the process begins to stop, running requests have `GRACE_SECONDS` left. A request that a
    frozen database still holds then is answered 503.
    """

    def __init__(
        self,
        app: ASGIApp,
        most_requests: int,
        stopping: Stopping,
        pools: Pools,
        shedding: Shedding,
    ) -> None:
        self.app = app
        self.most_requests = most_requests
        self._stopping = stopping
        self._pools = pools
        self._shedding = shedding
        self._under_way: set[asyncio.Timeout] = set()
        stopping.call_when_begun(self._limit_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPERATIONS):
            await self.app(scope, receive, send)
            return
        if len(self._under_way) >= self.most_requests:
            self._shedding.count(Queue.REQUESTS)
            await Problem.of("overloaded").response(scope["path"])(scope, receive, send)
            return
        # Refuse before parsing: a refusal after parsing costs as much CPU as a write.
        if scope["method"] not in READS and self._pools.is_full(WRITES):
            self._shedding.count(Queue.POOL)
            answer = Problem.of("database-unavailable").response(scope["path"])
            await answer(scope, receive, send)
            return
        has_started = False

        async def send_and_note_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        limit = asyncio.timeout(GRACE_SECONDS if self._stopping.has_begun else None)
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

    def _limit_all(self) -> None:
        latest = asyncio.get_running_loop().time() + GRACE_SECONDS
        for limit in self._under_way:
            limit.reschedule(latest)
