"""Separates a route's own work from the serialisation of its answer."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi.routing import APIRoute

from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage


class TimedRoute(APIRoute):
    """Counts the time after the endpoint as serialisation; `APIRouter(route_class=TimedRoute)`.

    A stage that opens later, such as SQL for a dependency's commit, still counts as itself.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # An included router builds its routes again, from endpoints that are timed already.
        is_timed = getattr(endpoint, "is_timed", False)
        super().__init__(path, endpoint if is_timed else _timed(endpoint), **options)


def _timed(endpoint: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(endpoint)
    async def timed(*arguments: Any, **options: Any) -> Any:
        answer = await endpoint(*arguments, **options)
        clock = stages.current()
        if clock is not None:
            clock.become(Stage.SERIALISATION)
        return answer

    timed.is_timed = True  # type: ignore[attr-defined]
    return timed
