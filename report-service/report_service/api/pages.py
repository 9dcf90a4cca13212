"""Keyset pages: plain arrays, with the next page in a `Link` header (RFC 8288)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from fastapi import Request

from report_service.api.problems import invalid_cursor
from report_service.db.journal import Place


def read_cursor(cursor: str | None) -> Place | None:
    """Return the place that a cursor names; raise `Problem` 422 for another text."""
    if cursor is None:
        return None
    try:
        recorded_at, _, event_id = urlsafe_b64decode(cursor).decode().partition(" ")
        place = Place(datetime.fromisoformat(recorded_at), UUID(event_id))
    except ValueError as error:
        raise invalid_cursor() from error
    if place.recorded_at.tzinfo is None or not 1970 <= place.recorded_at.year < 2200:
        raise invalid_cursor()
    return place


def link_next(request: Request, place: Place) -> dict[str, str]:
    """Return the header that leads to the page after a place."""
    text = f"{place.recorded_at.isoformat()} {place.event_id}"
    cursor = urlsafe_b64encode(text.encode()).decode()
    url = request.url.include_query_params(curseur=cursor)
    # Relative, because behind a gateway the service does not know its own address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
