"""The HTTP process of a service: one FastAPI application, wired with everything."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from service_kit.database.change_feed import follow_changes
from service_kit.database.pool import Pools
from service_kit.database.sessions import open_engines, open_probe
from service_kit.http.access import check_access
from service_kit.http.cross_origin import share_answers
from service_kit.http.first_answers import FirstAnswers
from service_kit.http.health import build_operations_router, database_check
from service_kit.http.key_first import KeyFirst
from service_kit.http.key_uses import write_uses_regularly
from service_kit.http.limits import Admission, BodyBounds, BodyLimit
from service_kit.http.normal_text import NormalText
from service_kit.http.openapi import PROBLEM_RESPONSES, complete_document, serve_docs
from service_kit.http.problem_table import install_problems
from service_kit.http.problems import ProblemTable
from service_kit.http.routes import RequestForms
from service_kit.http.serving import BalancedProtocol, Server, bind, run_beside
from service_kit.http.state import ApiState, api_state
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import observe_requests
from service_kit.telemetry.logging import configure_logging
from service_kit.telemetry.loop_lag import watch_loop_lag
from service_kit.telemetry.metrics import NO_NATIVE_TELEMETRY, configure_metrics
from service_kit.telemetry.tracing import Tracing


def build_api(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    problem_of: ProblemTable,
    body_bounds: Mapping[str, BodyBounds] | None = None,
) -> FastAPI:
    """Return the application of a service's HTTP process.

    `body_bounds` are those of the paths whose bodies have bounds of their own.
    The lifespan of a router runs while the engines of the application's `api_state` are open.
    """
    check_access(routers)
    configure_logging(settings.service_name, settings.log_level)
    process = settings.process_name("api")
    tracing = Tracing(settings, process)
    metrics = configure_metrics(process)
    pools = Pools(metrics.meter)
    state = ApiState(settings, metrics.meter)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_engines(settings, pools) as engines, open_probe(settings) as probe:
            state.engine, state.read_engine = engines
            checks = {"postgresql": database_check(probe)}
            app.include_router(build_operations_router(metrics.registry, checks))
            watch_outbox = state.outbox_watch.run(probe, asyncio.Event())
            write_uses = write_uses_regularly(state.engine, state.callers)
            async with (
                watch_loop_lag(),
                run_beside(state.stopping, watch_outbox, "outbox watch"),
                run_beside(state.stopping, follow_changes(state.changes, settings), "changes"),
                run_beside(state.stopping, write_uses, "uses of keys"),
            ):
                yield
        tracing.close()

    app = FastAPI(
        title=title,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        telemetry=NO_NATIVE_TELEMETRY,
    )
    app.state.api = state
    for router in routers:
        app.include_router(router)
    install_problems(app, problem_of)
    complete_document(app)
    serve_docs(app)
    app.add_middleware(NormalText)
    app.add_middleware(KeyFirst, state=state)
    app.add_middleware(
        BodyLimit, max_bytes=settings.max_body_bytes, state=state, others=body_bounds
    )
    app.add_middleware(Admission, most_requests=settings.most_requests, state=state, pools=pools)
    app.add_middleware(RequestForms, routes=app.routes)

    def answer_first(inner: ASGIApp) -> ASGIApp:
        # Outside `Admission`: a cached response takes neither a request's place nor a connection.
        limited = FirstAnswers(inner, state)
        # Outside it: one cached response serves pages of several origins, and they read a 429.
        return share_answers(limited, settings.allowed_origins)

    observe_requests(app, HttpMetrics(metrics), tracing, answer_first)
    return app


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Run the application until SIGTERM; requests under way are finished first."""
    stopping = api_state(app).stopping
    server = Server(app, settings, stopping, BalancedProtocol, backlog=1024, seconds_to_stop=7)
    server.run(bind(server.config))
