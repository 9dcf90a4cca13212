"""The HTTP process of a service: one FastAPI application, wired with everything."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

import uvicorn
from fastapi import APIRouter, FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import NoOpMeterProvider

from service_kit.body_limit import BodyLimit
from service_kit.database import open_engine
from service_kit.health import build_operations_router, database_check
from service_kit.http_metrics import HttpMetrics
from service_kit.logging import configure_logging
from service_kit.metrics import NO_NATIVE_TELEMETRY, configure_metrics
from service_kit.openapi import describe_problems
from service_kit.problems import install_problem_handlers
from service_kit.settings import ServiceSettings
from service_kit.tracing import configure_tracing

Extension = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def build_api(
    settings: ServiceSettings,
    *,
    title: str,
    routers: Sequence[APIRouter],
    status_of: Mapping[type[Exception], int],
    extension: Extension | None = None,
) -> FastAPI:
    """The application of a service's HTTP process.

    `extension` is entered when the engine stands in `app.state.engine` and left before it closes.
    """
    configure_logging(settings.service_name, settings.log_level)
    tracer_provider = configure_tracing(settings.service_name, settings.otel_exporter_otlp_endpoint)
    registry = configure_metrics(settings.service_name)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_engine(settings) as engine:
            app.state.engine = engine
            checks = {"postgresql": database_check(engine)}
            app.include_router(build_operations_router(registry, checks))
            async with extension(app) if extension else nullcontext():
                yield
        tracer_provider.shutdown()

    app = FastAPI(
        title=title, lifespan=lifespan, redirect_slashes=False, telemetry=NO_NATIVE_TELEMETRY
    )
    app.state.settings = settings
    for router in routers:
        app.include_router(router)
    install_problem_handlers(app, status_of)
    describe_problems(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(HttpMetrics)
    # The seed's metrics are recorded by HttpMetrics; a second set of them would be paid twice.
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=tracer_provider,
        meter_provider=NoOpMeterProvider(),
        excluded_urls="/metrics,/health",
        exclude_spans=["receive", "send"],
    )
    return app


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Run the application until SIGTERM; requests under way are finished first."""
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=8,
    )
