"""Refuses request bodies over a limit before they fill the memory, or that never end."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.problems import HTTP_CODES, Problem, problem_response

BODY_SECONDS = 20.0  # a megabyte takes that long over a line of 400 kbit/s


class BodyLimit:
    """Answers 413 to a body over `max_bytes`, declared or streamed, and 408 to one that is slow."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._detail = f"Le corps de la requête dépasse {max_bytes} octets."
        self._too_slow = f"Le corps de la requête n'est pas arrivé en {BODY_SECONDS:.0f} s."

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
        is_whole = False
        latest = asyncio.get_running_loop().time() + BODY_SECONDS

        async def receive_within_limit() -> Message:
            nonlocal received, is_whole
            if is_whole:
                # What comes now is the client's leaving, for which waiting is right.
                return await receive()
            try:
                async with asyncio.timeout_at(latest):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, self._too_slow) from None
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                # Only an HTTPException passes FastAPI's reading of the body as it is.
                raise HTTPException(413, self._detail)
            return message

        await self.app(scope, receive_within_limit, send)
