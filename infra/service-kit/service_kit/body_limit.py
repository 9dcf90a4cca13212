"""Refuses request bodies over a limit before they fill the memory."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.problems import Problem, problem_response


class BodyLimit:
    """Answers 413 to a body over `max_bytes`, declared or streamed."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.max_bytes:
            await problem_response(self._too_large(), scope["path"])(scope, receive, send)
            return
        received = 0

        async def receive_within_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise self._too_large()
            return message

        await self.app(scope, receive_within_limit, send)

    def _too_large(self) -> Problem:
        return Problem(
            413,
            "corps-trop-grand",
            f"Le corps de la requête dépasse {self.max_bytes} octets.",
        )
