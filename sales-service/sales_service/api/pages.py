"""Keyset pages: plain arrays as in the seed, with the next page in a `Link` header (RFC 8288)."""

from fastapi import Request

from sales_service.api.words import FRENCH

CURSOR = FRENCH["cursor"]


def link_next(request: Request, cursor: str) -> dict[str, str]:
    """Return the header that leads to the page after `cursor`."""
    query = request.query_params.multi_items()
    kept = [(name, value) for name, value in query if name != CURSOR]
    url = request.url.replace_query_params(**dict(kept), **{CURSOR: cursor})
    # Relative, because behind a gateway the service does not know its own address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
