"""What the requests of one HTTP process share, with its types."""

from fastapi import FastAPI
from opentelemetry.metrics import Meter
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.database.change_feed import ChangeFeed
from service_kit.events.outbox_backlog import OutboxWatch
from service_kit.http.cache_counts import observe_caches
from service_kit.http.callers import Callers
from service_kit.http.response_cache import ReadyAnswers
from service_kit.http.shedding import Shedding
from service_kit.http.stopping import Stopping


class ApiState:
    # Missing until the lifespan begins: it opens the engines, and closes them at its end.
    engine: AsyncEngine
    read_engine: AsyncEngine

    def __init__(self, outbox_ceiling: int, meter: Meter) -> None:
        self.stopping = Stopping()
        self.outbox_watch = OutboxWatch(outbox_ceiling)
        self.changes = ChangeFeed()
        self.callers = Callers(self.changes)
        self.ready_answers = ReadyAnswers(self.changes, self.callers)
        self.shedding = Shedding(meter)
        observe_caches(meter, [self.ready_answers.counts, self.callers.counts])


def api_state(app: FastAPI) -> ApiState:
    """Return the state that `build_api` has given to the application."""
    state: ApiState = app.state.api
    return state
