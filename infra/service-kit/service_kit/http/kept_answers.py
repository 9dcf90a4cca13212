"""Answer a `GET` from the response cache, before the framework is asked."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service_kit.http.response_cache import ReadyAnswers


class KeptAnswers:
    """Sends what is cached for a request; any other request goes on to the application."""

    def __init__(self, app: ASGIApp, answers: ReadyAnswers) -> None:
        self.app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ready = self._answers.serve(scope) if scope["type"] == "http" else None
        if ready is None:
            await self.app(scope, receive, send)
            return
        # Telemetry names the request by it, as when the router had found it.
        scope["route"] = ready.route
        start = {"type": "http.response.start", "status": ready.status, "headers": ready.headers}
        await send(start)
        await send({"type": "http.response.body", "body": ready.body})
