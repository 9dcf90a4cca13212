"""`/health/live`, `/health/ready` and `/metrics`, alike on every process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from service_kit.faults import DATABASE_FAULTS
from service_kit.metrics import METRICS_CONTENT_TYPE, render_metrics

CHECK_TIMEOUT_SECONDS = 2.0

# Names what is wrong, or None when the dependency answers.
Check = Callable[[], Awaitable[str | None]]


def database_check(engine: AsyncEngine) -> Check:
    """Whether the service's database answers a statement in time."""

    async def check() -> str | None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS), engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except DATABASE_FAULTS as fault:
            return f"{type(fault).__name__}: database does not answer"
        return None

    return check


async def find_broker_fault(bootstrap_servers: str) -> str | None:
    """What is wrong when no broker answers; the clients reconnect without a word."""
    # A connection alone proves nothing: the kernel takes it for a broker that hangs.
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await client.bootstrap()
    except (KafkaError, OSError) as fault:
        return f"{type(fault).__name__}: no broker answers at {bootstrap_servers}"
    finally:
        await client.close()
    return None


def build_operations_router(registry: CollectorRegistry, checks: Mapping[str, Check]) -> APIRouter:
    """The routes for probes and Prometheus; readiness names each dependency that is missing."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        results = await asyncio.gather(*(check() for check in checks.values()))
        missing = {name: why for name, why in zip(checks, results, strict=True) if why}
        body = {"status": "not ready" if missing else "ready", "missing": missing}
        return JSONResponse(body, 503 if missing else 200)

    @router.get("/metrics")
    async def metrics() -> Response:
        # Rendering takes tens of milliseconds; in a thread it does not hold up requests as long.
        body = await asyncio.to_thread(render_metrics, registry)
        return Response(body, media_type=METRICS_CONTENT_TYPE)

    return router
