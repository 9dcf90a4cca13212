"""The event process of a service: relay and consumer beside a small HTTP surface for probes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.consumer import Consumer
from service_kit.database import open_engine
from service_kit.events import Subscription
from service_kit.health import build_operations_router, database_check, find_broker_fault
from service_kit.http_metrics import HttpMetrics
from service_kit.logging import configure_logging
from service_kit.metrics import NO_NATIVE_TELEMETRY, configure_metrics
from service_kit.relay import Relay
from service_kit.settings import ServiceSettings
from service_kit.tracing import configure_tracing

logger = logging.getLogger(__name__)

# A further endless task of a worker, such as a sweeper.
Chore = Callable[[AsyncEngine, Relay, asyncio.Event], Coroutine[None, None, None]]


def run_worker(
    settings: ServiceSettings, subscriptions: Sequence[Subscription], chores: Sequence[Chore] = ()
) -> None:
    """Relay the outbox and consume `subscriptions` until SIGTERM.

    A task that dies of a bug ends the process: its supervisor starts it again, and the
    position in the database says where to go on.
    """
    configure_logging(settings.service_name, settings.log_level)
    tracer_provider = configure_tracing(settings.service_name, settings.otel_exporter_otlp_endpoint)
    registry = configure_metrics(settings.service_name)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with open_engine(settings) as engine:
            relay = Relay(engine, settings)
            consumer = Consumer(engine, settings, subscriptions, after_commit=relay.nudge)

            async def kafka_check() -> str | None:
                if not consumer.is_connected:
                    return "consumer is not connected"
                return await find_broker_fault(settings.kafka_bootstrap_servers)

            checks = {"postgresql": database_check(engine), "kafka": kafka_check}
            app.include_router(build_operations_router(registry, checks))
            tasks = [
                asyncio.create_task(consumer.run(stop), name="consumer"),
                asyncio.create_task(relay.run(stop), name="relay"),
                *(asyncio.create_task(chore(engine, relay, stop)) for chore in chores),
            ]
            for task in tasks:
                task.add_done_callback(_end_process_on_failure)
            yield
            # The consumer finishes its batch, then the relay what that batch has written.
            stop.set()
            relay.nudge()
            await asyncio.wait(tasks, timeout=8)
        tracer_provider.shutdown()

    server = uvicorn.Server(
        uvicorn.Config(
            app := FastAPI(lifespan=lifespan, openapi_url=None, telemetry=NO_NATIVE_TELEMETRY),
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
    )
    app.add_middleware(HttpMetrics)
    failed: list[str] = []

    def _end_process_on_failure(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.critical("task died", exc_info=error, extra={"task": task.get_name()})
            failed.append(task.get_name())
            server.should_exit = True

    server.run()
    if failed:
        raise SystemExit(f"{', '.join(failed)} died, see the log")
