"""The cursors of the journal: a place in it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from uuid import UUID

from report_service.db.journal import Place
from service_kit.http.pages import invalid_cursor


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


def write_cursor(place: Place) -> str:
    """Return the cursor of a place."""
    text = f"{place.recorded_at.isoformat()} {place.event_id}"
    return urlsafe_b64encode(text.encode()).decode()
