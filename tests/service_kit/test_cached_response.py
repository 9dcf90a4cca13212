"""The bytes of a cached response, as they go to the server."""

from fastapi import Request
from starlette.types import Message

from service_kit.http.cached_response import MOST_COPIED_BYTES, CachedResponse, Content


async def test_readers_of_a_large_body_share_one_copy_of_it() -> None:
    large = Content(b"7" * (MOST_COPIED_BYTES + 1), finish=lambda: b"!")
    cached = CachedResponse(large)
    request = Request({"type": "http", "headers": []})
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await cached.render(b"").send(send)
    await cached.respond(request)(request.scope, request.receive, send)

    bodies = [message for message in sent if message["type"] == "http.response.body"]
    assert [message["body"] for message in bodies] == [large.body, b"!"] * 2
    assert all(message["body"] is large.body for message in bodies[::2])
    assert [message.get("more_body", False) for message in bodies] == [True, False] * 2


def test_a_client_that_has_it_already_gets_no_body() -> None:
    cached = CachedResponse(Content(b"7"))
    strong = cached.etag.removeprefix(b"W/")

    known = [cached.render(each) for each in (b'"other", ' + cached.etag, strong, b" * ")]
    other = cached.render(b'"other"')

    for each in known:
        assert (each.status, each.body, each.end) == (304, b"", b"")
        assert (b"etag", cached.etag) in each.headers
    assert (other.status, other.body) == (200, b"7")
