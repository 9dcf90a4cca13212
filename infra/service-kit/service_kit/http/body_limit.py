"""Refuses a request body that is too large or too slow before it fills the memory."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.http.problems import BodyRefused, Problem

BODY_SECONDS = 20.0  # a megabyte takes that long over a line of 400 kbit/s


class BodyLimit:
    """Answers 413 to a body over `max_bytes`, declared or streamed, and 408 to one that is slow."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self._too_large = Problem.of("body-too-large", max_bytes=max_bytes)
        self._too_slow = Problem.of("body-too-slow", seconds=BODY_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.max_bytes:
            await self._too_large.response(scope["path"])(scope, receive, send)
            return
        received = 0
        is_whole = False
        latest = asyncio.get_running_loop().time() + BODY_SECONDS

        async def receive_within_limit() -> Message:
            nonlocal received, is_whole
            if is_whole:
                # The next message is the client's disconnect: wait for it without a limit.
                return await receive()
            try:
                async with asyncio.timeout_at(latest):
                    message = await receive()
            except TimeoutError:
                raise BodyRefused(self._too_slow) from None
            is_whole = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise BodyRefused(self._too_large)
            return message

        await self.app(scope, receive_within_limit, send)
