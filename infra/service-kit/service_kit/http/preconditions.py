"""`If-Match` and `ETag` of what has a version: a change that was based on an older one gets 412."""

import re
from typing import Annotated

from fastapi import Header

from service_kit.http.problems import Problem

IfMatch = Annotated[
    str | None,
    Header(
        description=(
            "The `ETag` that the change is based on. When another change came first, the answer is"
            " 412 and nothing is changed. Without this header the last change wins."
        ),
    ),
]


def etag_of(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Raise `Problem` 412 when the request is based on another version than this one."""
    if if_match is None or if_match.strip() == "*":
        return
    # RFC 9110 compares strongly: a weak tag, which begins with W/, matches nothing.
    based_on = re.findall(r'(W/)?("[^"]*")', if_match)
    if ("", etag_of(version)) not in based_on:
        raise Problem.of("version-passed", headers={"ETag": etag_of(version)})
