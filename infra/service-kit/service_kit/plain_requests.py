"""A second way into an endpoint, for requests of which there are hundreds a second.

FastAPI's solving of dependencies costs as much as the transaction behind it. A request in which
all is as it should be goes past it; any other goes FastAPI's way, which says what is wrong.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from service_kit.api_keys import find_known_caller
from service_kit.callers import Caller, read_key
from service_kit.routing import TimedRoute

BodyT = TypeVar("BodyT", bound=BaseModel)


def route_asking_first(
    answer: Callable[[Request], Awaitable[Response | None]],
) -> type[TimedRoute]:
    """A route class whose requests FastAPI sees only when `answer` has none for them."""

    class PlainRoute(TimedRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            usual = super().get_route_handler()

            async def handle(request: Request) -> Response:
                response = await answer(request)
                return await usual(request) if response is None else response

            return handle

    return PlainRoute


def plain_caller(request: Request, *roles: str) -> Caller | None:
    """Who sends it, when this process remembers the key and its role may."""
    key = read_key(request.headers.get("x-token"), request.headers.get("authorization"))
    caller = find_known_caller(request, key) if key else None
    return caller if caller is not None and caller.role in roles else None


async def plain_body(request: Request, model: type[BodyT]) -> BodyT | None:
    """The body when it is JSON that the model takes, read as FastAPI reads it."""
    if request.headers.get("content-type") != "application/json":
        return None
    try:
        return model.model_validate(msgspec.json.decode(await request.body()))
    except (msgspec.DecodeError, ValidationError, RecursionError, ClientDisconnect):
        return None
