"""Refuses request bodies over a limit before they fill the memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.problems import HTTP_CODES, Problem, problem_response


class BodyLimit:
    """Answers 413 to a body over `max_bytes`, declared or streamed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._detail = f"Le corps de la requête dépasse {max_bytes} octets."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.max_bytes:
            problem = Problem(413, HTTP_CODES[413], self._detail)
            await problem_response(problem, scope["path"])(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                # Only an HTTPException passes FastAPI's reading of the body as it is.
                raise HTTPException(413, self._detail)
            return message

        await self.app(scope, receive_within_limit, send)
