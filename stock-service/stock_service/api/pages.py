"""Keyset pages: plain arrays as in the seed, the next page in a `Link` header (RFC 8288)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi import Request

from service_kit.http.problems import Problem

# PostgreSQL's bigint; a larger number in a cursor would be an error of the database.
LARGEST_POSITION = 2**63 - 1


def read_cursor(cursor: str | None, first: tuple[int, ...]) -> tuple[int, ...]:
    """The position that a cursor names; `first` without one. A `Problem` 422 for another text."""
    if cursor is None:
        return first
    try:
        position = tuple(int(part) for part in urlsafe_b64decode(cursor).decode().split("."))
    except ValueError:
        position = ()
    if len(position) != len(first) or any(not 0 <= part <= LARGEST_POSITION for part in position):
        detail = "Ce curseur n'est pas l'un des nôtres."
        fault = {"parameter": "curseur", "code": "curseur-invalide", "detail": detail}
        raise Problem(422, "requete-invalide", "La requête contient 1 erreur(s).", [fault])
    return position


def next_link(request: Request, *position: int) -> dict[str, str]:
    """The header that announces the page after `position`."""
    cursor = urlsafe_b64encode(".".join(map(str, position)).encode()).decode()
    url = request.url.include_query_params(curseur=cursor)
    # Relative: behind a gateway we do not know our own address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}
