"""The event process of a service: relay, consumer and background tasks, with HTTP probes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service_kit.database.pool import Pools
from service_kit.database.sessions import open_engine, open_probe
from service_kit.events.causes import act_as
from service_kit.events.chores import Chore
from service_kit.events.cloud_events import Subscription
from service_kit.events.consumer import Consumer
from service_kit.events.kafka_clients import kafka_credentials
from service_kit.events.lag import LagWatch
from service_kit.events.ledger_pruning import LedgerPruning
from service_kit.events.outbox_backlog import OutboxWatch
from service_kit.events.redrive import Redrive
from service_kit.events.relay import Relay
from service_kit.http.health import build_operations_router, database_check, find_broker_fault
from service_kit.http.serving import Protocol, Server, Stopping
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import observe_requests
from service_kit.telemetry.logging import configure_logging
from service_kit.telemetry.loop_lag import watch_loop_lag
from service_kit.telemetry.metrics import NO_NATIVE_TELEMETRY, configure_metrics
from service_kit.telemetry.tracing import Tracing

logger = logging.getLogger(__name__)

# Together with closing the clients they stay below the ten seconds that a stop may take.
FINISH_SECONDS = 3.0  # to finish a batch and publish its events
LEAST_CONNECTIONS = 2
CLEANUP_SECONDS = 2.5  # for cancelled tasks that a frozen database or broker holds


def run_worker(
    settings: ServiceSettings,
    subscriptions: Sequence[Subscription],
    chores: Sequence[Chore] = (),
    *,
    publishes: bool = True,
) -> None:
    """Consume `subscriptions`, and relay the outbox of a service that `publishes`, until SIGTERM.

    A bug in a task ends the process. Its supervisor starts it again, and it continues at the
    position in the database.
    """
    if publishes and settings.database_pool_size < LEAST_CONNECTIONS:
        raise SystemExit(
            f"DATABASE_POOL_SIZE is {settings.database_pool_size}: a worker needs at least "
            f"{LEAST_CONNECTIONS} connections, because its relay keeps one"
        )
    configure_logging(settings.service_name, settings.log_level)
    process = settings.process_name("worker")
    tracing = Tracing(settings, process)
    metrics = configure_metrics(process)

    topics = [settings.topic(each.topic) for each in subscriptions]
    stopping = Stopping()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        # What nobody has asked for, such as a chore's events, is the work of this process.
        act_as(process)
        async with (
            watch_loop_lag(),
            open_engine(settings, Pools(metrics.meter)) as engine,
            open_probe(settings) as probe,
        ):
            relay = Relay(engine, settings)
            consumer = Consumer(engine, settings, subscriptions, after_commit=relay.nudge)

            async def kafka_check() -> str | None:
                servers = settings.kafka_bootstrap_servers
                if fault := await find_broker_fault(servers, topics, kafka_credentials(settings)):
                    return fault
                return None if consumer.is_connected else "consumer is not connected"

            checks = {"postgresql": database_check(probe), "kafka": kafka_check}
            app.include_router(build_operations_router(metrics.registry, checks))
            watches = (
                OutboxWatch(settings.outbox_ceiling),
                LagWatch(settings, [each.topic for each in subscriptions], consumer.stall.look),
                Redrive(settings, subscriptions),
            )
            tasks = [
                asyncio.create_task(consumer.run(stop), name="consumer"),
                *([asyncio.create_task(relay.run(stop), name="relay")] if publishes else []),
                *([asyncio.create_task(LedgerPruning().run(engine, stop))] if publishes else []),
                *(
                    asyncio.create_task(watch.run(engine, stop), name=type(watch).__name__)
                    for watch in watches
                ),
                *(asyncio.create_task(chore(engine, relay, stop)) for chore in chores),
            ]
            for task in tasks:
                stopping.stop_when_dead(task)
            # Each task finishes the batch or the chunk that it has begun.
            stopping.call_when_begun(stop.set)
            stopping.call_when_begun(relay.nudge)
            yield
            await _finish(tasks)
        tracing.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, telemetry=NO_NATIVE_TELEMETRY)
    server = Server(app, settings, stopping, Protocol, backlog=128, seconds_to_stop=1)
    observe_requests(app, HttpMetrics(metrics), tracing)
    server.run()


async def _finish(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for stopping tasks, and cancel those that a frozen database or broker holds."""
    _, late = await asyncio.wait(tasks, timeout=FINISH_SECONDS)
    if not late:
        return
    # Safe in the middle of a batch or a chunk: uncommitted work is done again.
    logger.warning("stopping without waiting longer", extra={"tasks": [t.get_name() for t in late]})
    for task in late:
        task.cancel()
    await asyncio.wait(late, timeout=CLEANUP_SECONDS)
