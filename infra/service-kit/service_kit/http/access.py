"""Says what a route needs of its caller: a role, and a key that reaches what the route is about.

`build_api` refuses a service's route that says nothing about this.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from service_kit.http.api_keys import identify_caller
from service_kit.http.callers import Caller
from service_kit.http.problems import Fault, Problem


class Reach(StrEnum):
    """The data that a route is about."""

    SHARED = "shared"  # belongs to no site
    EVERY_SITE = "every-site"  # of all sites at once: a key that is limited to some is refused
    BY_SITE = "by-site"  # of the sites that the route itself compares with the caller's


class Needs:
    """A dependency that returns the caller; it answers 403 when the key does not suffice."""

    def __init__(self, *roles: str, reach: Reach) -> None:
        self.roles = roles
        self.reach = reach

    async def __call__(
        self, caller: Annotated[Caller, Depends(identify_caller, scope="function")]
    ) -> Caller:
        if caller.role not in self.roles:
            raise Problem.of("role-refused", role=caller.role, needed=", ".join(self.roles))
        if self.reach is Reach.EVERY_SITE:
            refuse_limited(caller)
        return caller


async def _let_anybody() -> None:
    """Mark a route that answers without a key."""


PUBLIC = Depends(_let_anybody)


def refuse_limited(caller: Caller) -> None:
    """Raise `Problem` 403 when the caller's key does not reach all sites."""
    if caller.sites is not None:
        raise Problem.of("scope-limited")


def refuse_foreign(caller: Caller, site: int) -> None:
    """Raise `Problem` 403 when the caller's key is limited to other sites."""
    if not caller.reaches(site):
        raise site_refused()


def site_refused(faults: Sequence[Fault] = ()) -> Problem:
    """Return the problem 403 of a request about sites that the caller's key does not reach."""
    return Problem.of("site-refused", faults)


def right_refused(right: str, faults: Sequence[Fault] = ()) -> Problem:
    """Return the problem 403 of a request that needs this right, for a caller without it."""
    return Problem.of("right-refused", faults, right=right)


def find_needs(route: APIRoute) -> Needs | None:
    """Return what a route needs of its caller; None for a public route.

    Raises `ValueError` for a route that says nothing about it.
    """
    calls = [each.call for each in _flatten(route.dependant)]
    needs = [call for call in calls if isinstance(call, Needs)]
    if len(needs) == 1:
        return needs[0]
    if not needs and _let_anybody in calls:
        return None
    raise ValueError(f"{route.path}: a route has one `Needs`, or is `PUBLIC`")


def check_access(routers: Sequence[APIRouter]) -> None:
    """Raise `ValueError` when a route of these routers does not say who may call it."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                find_needs(route)


def _flatten(dependant: Dependant) -> Iterable[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _flatten(each)
