"""Serves `/health/live`, `/health/ready` and `/metrics` on every process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.responses import Response

from service_kit.database.faults import DATABASE_FAULTS, is_not_prepared
from service_kit.telemetry.metrics import render_metrics

CHECK_TIMEOUT_SECONDS = 2.0

# Returns what is wrong, or None if the dependency answers.
Check = Callable[[], Awaitable[str | None]]


_TABLES = [
    *("outbox", "published_positions", "consumer_positions", "dead_letters"),
    *("api_keys", "idempotency_keys"),
]
_MISSING_TABLES = text("""
    SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NULL
""")


def database_check(engine: AsyncEngine) -> Check:
    """Return a check that the database answers in time and is migrated.

    `engine` serves this check alone: with the requests' engine it would measure their pool.
    """

    async def check() -> str | None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS), engine.connect() as connection:
                missing = (await connection.execute(_MISSING_TABLES, {"names": _TABLES})).scalars()
                names = ", ".join(missing)
                return f"not migrated yet: no table {names}" if names else None
        except DATABASE_FAULTS as fault:
            if is_not_prepared(fault):
                return f"{type(fault).__name__}: database, role or rights are not there yet"
            return f"{type(fault).__name__}: database does not answer"

    return check


async def find_broker_fault(
    bootstrap_servers: str,
    topics: Iterable[str] = (),
    credentials: Mapping[str, Any] = MappingProxyType({}),
) -> str | None:
    """Return what is wrong when no broker answers or a topic is missing, else None."""
    # Ask for data: the kernel accepts a connection even while the broker hangs.
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers, **credentials)
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
            await client.bootstrap()
            known = (await client.fetch_all_metadata()).topics() if topics else set()
    except (KafkaError, OSError) as fault:
        return f"{type(fault).__name__}: no broker answers at {bootstrap_servers}"
    finally:
        await client.close()
    missing = sorted(set(topics) - known)
    return f"no such topic yet: {', '.join(missing)}" if missing else None


async def _in_time(check: Check) -> str | None:
    """Return the check's result, without waiting for its cleanup after a server that hangs."""
    checking = asyncio.ensure_future(check())
    done, _ = await asyncio.wait([checking], timeout=CHECK_TIMEOUT_SECONDS + 0.1)
    return checking.result() if done else f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} s"


def build_operations_router(registry: CollectorRegistry, checks: Mapping[str, Check]) -> APIRouter:
    """Return the routes for probes and Prometheus; readiness names each missing dependency."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        results = await asyncio.gather(*(_in_time(check) for check in checks.values()))
        missing = {name: why for name, why in zip(checks, results, strict=True) if why}
        body = {"status": "not ready" if missing else "ready", "missing": missing}
        return JSONResponse(body, 503 if missing else 200)

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        accept = request.headers.get("accept", "")
        # In a thread, because rendering would block the event loop for milliseconds.
        body, content_type = await asyncio.to_thread(render_metrics, registry, accept)
        return Response(body, headers={"content-type": content_type})

    return router
