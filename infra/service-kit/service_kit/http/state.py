"""What the requests of one HTTP process share, and the sessions that they open."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.change_feed import ChangeFeed
from service_kit.events.outbox_backlog import OutboxWatch
from service_kit.http.body_budget import BodyBudget
from service_kit.http.callers import CallerCache
from service_kit.http.key_lookups import KeyLookups
from service_kit.http.quotas import Quotas
from service_kit.http.response_cache import ResponseCache
from service_kit.http.serving import Stopping
from service_kit.http.waiters import Waiters
from service_kit.settings import ServiceSettings


class Queue(StrEnum):
    """A queue that can be full: the values of the label `reason`."""

    REQUESTS = "requests"
    POOL = "pool"
    BODIES = "bodies"


class ApiState:
    # Missing until the lifespan begins: it opens the engines, and closes them at its end.
    engine: AsyncEngine
    read_engine: AsyncEngine

    def __init__(self, settings: ServiceSettings, meter: Meter) -> None:
        self.stopping = Stopping()
        self.outbox_watch = OutboxWatch(settings.outbox_ceiling)
        self.bodies = BodyBudget(settings.most_body_bytes, meter)
        self.waiters = Waiters(settings.most_waiting_requests, meter)
        self.changes = ChangeFeed()
        self.refuses_weak_keys = settings.refuses_weak_keys
        self.callers = CallerCache(self.changes)
        self.quotas = Quotas(settings, meter)
        self.key_lookups = KeyLookups(self.changes, self.callers, self.quotas.of_wrong_keys)
        self.response_cache = ResponseCache(self.changes)
        self._shed = meter.create_counter(
            "http_requests_shed",
            description="How many requests were answered 503 at once, because a queue was full?",
        )
        for queue in Queue:
            # Start at zero: the first refusals must be an increase of the counter.
            self._shed.add(0, {"reason": queue})
        meter.create_observable_counter(
            "cache_requests",
            [self._observe_caches],
            description="How often did each cache hit and miss?",
        )

    def count_shed(self, queue: Queue) -> None:
        """Count a request that is refused because this queue is full."""
        self._shed.add(1, {"reason": queue})

    def _observe_caches(self, _: CallbackOptions) -> Iterable[Observation]:
        for name, cache in ("responses", self.response_cache), ("callers", self.callers):
            yield Observation(cache.hits, {"cache": name, "outcome": "hit"})
            yield Observation(cache.misses, {"cache": name, "outcome": "miss"})


def api_state(app: FastAPI) -> ApiState:
    """Return the state that `build_api` has given to the application."""
    state: ApiState = app.state.api
    return state


@asynccontextmanager
async def write_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Open a transaction that commits when the block ends, before the answer.

    Raises `OutboxFull` instead of recording events that cannot be sent.
    """
    state = api_state(request.app)
    state.outbox_watch.refuse_when_full()
    async with AsyncSession(state.engine, expire_on_commit=False) as session, session.begin():
        yield session


def read_session(request: Request) -> AsyncSession:
    """Open a session for single reads, each in its own transaction; the server refuses changes."""
    return AsyncSession(api_state(request.app).read_engine, expire_on_commit=False)


async def _open_read(request: Request) -> AsyncIterator[AsyncSession]:
    async with read_session(request) as session:
        yield session


# With the default scope FastAPI would keep the connection until the answer is sent.
ReadSession = Annotated[AsyncSession, Depends(_open_read, scope="function")]
