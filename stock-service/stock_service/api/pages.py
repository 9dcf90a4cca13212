"""The cursors of lists: the numbers that the last row of a page is sorted by."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi import Request

from service_kit.http.pages import invalid_cursor, link_next

# PostgreSQL's largest bigint: the database refuses a larger number.
LARGEST_POSITION = 2**63 - 1


def read_cursor(cursor: str | None, first: tuple[int, ...]) -> tuple[int, ...]:
    """Return the position that a cursor names, or `first`; raise `Problem` 422 for another text."""
    if cursor is None:
        return first
    try:
        position = tuple(int(part) for part in urlsafe_b64decode(cursor).decode().split("."))
    except ValueError:
        position = ()
    if len(position) != len(first) or any(not 0 <= part <= LARGEST_POSITION for part in position):
        raise invalid_cursor()
    return position


def next_link(request: Request, *position: int) -> dict[str, str]:
    """Return the header that leads to the page after `position`."""
    cursor = urlsafe_b64encode(".".join(map(str, position)).encode()).decode()
    return link_next(request, cursor)
