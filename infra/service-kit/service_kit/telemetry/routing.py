"""Routes that count the time after the endpoint as serialisation."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi.routing import APIRoute

from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage


class TimedRoute(APIRoute):
    """For `APIRouter(route_class=TimedRoute)`: the time after the endpoint is serialisation.

    A dependency's commit after the endpoint still counts as SQL, because it has its own stage.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # A router that is included is built a second time, from endpoints that are timed already.
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
