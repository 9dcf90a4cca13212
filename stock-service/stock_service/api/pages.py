"""Makes keyset pages: plain arrays as in the seed, and a `Link` header to the next (RFC 8288)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi import Request

from stock_service.api.problems import invalid_cursor

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
    """Return the header that links to the page after `position`."""
    cursor = urlsafe_b64encode(".".join(map(str, position)).encode()).decode()
    url = request.url.include_query_params(curseur=cursor)
    # Relative, because a service behind a gateway does not know its public address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
