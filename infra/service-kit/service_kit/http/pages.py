"""Keyset pages: a list is a plain array; its `Link` header leads to the next page (RFC 8288)."""

from fastapi import Request

from service_kit.http.problems import CURSOR, FAULTS, INVALID_CURSOR, Problem, invalid_request


def link_next(request: Request, cursor: str) -> dict[str, str]:
    """Return the header that leads to the page after `cursor`."""
    url = request.url.include_query_params(**{CURSOR: cursor})
    # Relative, because behind a gateway the service does not know its own address.
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}


def invalid_cursor() -> Problem:
    """Return the problem of a cursor that this service did not make."""
    detail = FAULTS["foreign_cursor"]
    return invalid_request([{"parameter": CURSOR, "code": INVALID_CURSOR, "detail": detail}])
