"""The cursors of a search: a place in what it finds."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from sales_service.api.schemas import LARGEST_ID
from sales_service.db.product_search import LAST_RANK, Found
from service_kit.http.pages import invalid_cursor


def write_place(place: Found) -> str:
    """Return the cursor of a place in what a search finds."""
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_place(cursor: str) -> Found:
    """Return the place that a cursor names; raise `Problem` 422 for another text."""
    try:
        place = msgspec.json.decode(urlsafe_b64decode(f"{cursor}=="), type=Found)
    except (ValueError, msgspec.DecodeError) as error:
        raise invalid_cursor() from error
    is_possible = 0 <= place.id <= LARGEST_ID and 0 <= place.rank <= LAST_RANK
    if not is_possible or "\x00" in place.name:
        raise invalid_cursor()
    return place
