"""Lets each route answer with and without the path's last slash, and `HEAD` wherever `GET` is."""

from collections.abc import Iterable, Sequence

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.problems import Problem


class RequestForms:
    """Hands a request on in the one form that the router knows.

    Further routes for the other forms would make the router's search longer for every request.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self.app = app
        self._with_slash = frozenset(_paths_with_slash(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = self._declared(scope["path"])
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if path == scope["path"] and method == scope["method"]:
            await self.app(scope, receive, send)
            return
        known = {**scope, "path": path, "method": method}

        async def send_with_route(message: Message) -> None:
            # Telemetry, which stands outside, names the request by it.
            scope["route"] = known.get("route")
            # The server leaves out the body of an answer to HEAD.
            await send(message)

        await self.app(known, receive, send_with_route)

    def _declared(self, path: str) -> str:
        bare = path.removesuffix("/")
        with_slash = f"{bare}/"
        return with_slash if with_slash in self._with_slash else bare or "/"


def _paths_with_slash(routes: Sequence[BaseRoute]) -> Iterable[str]:
    for each in iter_route_contexts(routes):
        if each.path and each.path.endswith("/"):
            if "{" in each.path:
                raise ValueError(f"{each.path}: a path with a parameter has no last slash")
            yield each.path


async def refuse_method(request: Request, _: Exception) -> Response:
    """Answer 405 with the methods of all routes of the path; the router names one route's only."""
    path = request.url.path
    methods = {
        method
        for each in iter_route_contexts(request.app.routes)
        if each.path_regex.match(path)
        for method in each.methods or ()
    }
    if "GET" in methods:
        methods.add("HEAD")
    headers = {"Allow": ", ".join(sorted(methods))}
    return Problem.of("method-refused", headers=headers).response(path)
