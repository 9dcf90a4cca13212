"""Keyset pages: the seed's plain arrays, the next page in a `Link` header (RFC 8288)."""

from fastapi import Request, Response


def link_next(request: Request, response: Response, cursor: str) -> None:
    """Announce the page after `cursor`."""
    query = request.query_params.multi_items()
    kept = [(name, value) for name, value in query if name != "curseur"]
    url = request.url.replace_query_params(**dict(kept), curseur=cursor)
    # Relative: behind a gateway we do not know our own address.
    response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
