"""Checks the key of a request before anything of its body is read."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.api_keys import find_caller
from service_kit.http.callers import CALLER
from service_kit.http.state import ApiState


class KeyFirst:
    """Refuses the body of a request without a valid key.

    FastAPI reads and parses a body before it asks for the key: anyone could fill the memory.
    """

    def __init__(self, app: ASGIApp, state: ApiState) -> None:
        self.app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The body of a GET is never read; what is received then is the client's disconnect, for
        # which an answer in parts listens, of `/docs` too.
        if scope["type"] != "http" or scope["method"] == "GET":
            await self.app(scope, receive, send)
            return

        async def receive_if_known() -> Message:
            if CALLER not in scope:
                scope[CALLER] = await find_caller(self._state, scope)
            return await receive()

        await self.app(scope, receive_if_known, send)
