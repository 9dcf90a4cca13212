"""Lets pages of other origins read answers (CORS)."""

from collections.abc import Collection

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from service_kit.settings import LOOPBACK

_LOOPBACK_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
# What a page may send, beyond the headers that every page may.
_ACCEPTED = (
    *("Authorization", "Cache-Control", "Idempotency-Key", "If-Match", "If-None-Match"),
    *("Prefer", "X-Token", "traceparent", "tracestate"),
)
# What a page may read, beyond the headers that every page may.
_EXPOSED = (
    *("ETag", "Idempotent-Replayed", "Link", "Location"),
    *("RateLimit", "RateLimit-Policy", "Retry-After", "Server-Timing"),
)


def share_answers(app: ASGIApp, origins: Collection[str]) -> ASGIApp:
    """Return an application whose answers, errors too, pages of these origins may read.

    It answers a page's preflight request, which carries no key.
    """
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_origin_regex=_LOOPBACK_ORIGIN if LOOPBACK in origins else None,
        allow_methods=_METHODS,
        allow_headers=_ACCEPTED,
        expose_headers=_EXPOSED,
        # The list decides alone, also when the page comes from a public address.
        allow_private_network=True,
    )
