"""Keyset pages: plain arrays as in the seed, with the next page in a `Link` header (RFC 8288)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from fastapi import Request

from sales_service.api.schemas import LARGEST_ID
from sales_service.api.words import FRENCH
from sales_service.db.product_search import Found

CURSOR = FRENCH["cursor"]
NOT_OURS = "Ce curseur n'est pas l'un des nôtres."


def link_next(request: Request, cursor: str) -> dict[str, str]:
    """Return the header that leads to the page after `cursor`."""
    query = request.query_params.multi_items()
    kept = [(name, value) for name, value in query if name != CURSOR]
    url = request.url.replace_query_params(**dict(kept), **{CURSOR: cursor})
    # Relative, because behind a gateway the service does not know its own address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}


def write_place(place: Found) -> str:
    """Return the cursor of a place in what a search finds."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_place(cursor: str) -> Found:
    """Return the place that a cursor names; raise `ValueError` for another text."""
    try:
        place = msgspec.json.decode(urlsafe_b64decode(f"{cursor}=="), type=Found)
    except (ValueError, msgspec.DecodeError) as error:
        raise ValueError(NOT_OURS) from error
    if not 0 <= place.id <= LARGEST_ID or "\x00" in place.name:
        raise ValueError(NOT_OURS)
    return place
