"""The roles and rights of keys, and the dependencies that require them. A site is a store."""

from typing import Annotated

from fastapi import Depends

from service_kit.http.access import Needs, Reach
from service_kit.http.callers import Caller

TILL = "till"
MANAGER = "manager"
HEAD_OFFICE = "head-office"
LOGISTICS = "logistics"
READ_ONLY = "read-only"

BACKDATE = "backdate"
SEE_COSTS = "see-costs"

_STOCK = Needs(TILL, MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY, reach=Reach.BY_SITE)
_RESERVING = Needs(TILL, MANAGER, HEAD_OFFICE, LOGISTICS, reach=Reach.BY_SITE)
_COSTS = Needs(MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY, reach=Reach.BY_SITE)
_MOVING = Needs(MANAGER, HEAD_OFFICE, LOGISTICS, reach=Reach.BY_SITE)


def may(caller: Caller, right: str) -> bool:
    """Return whether the caller has a right; the head office has all of them."""
    return caller.role == HEAD_OFFICE or right in caller.rights


def sees_costs(caller: Caller) -> bool:
    """Return whether the caller sees costs; a till never does, whatever its key says."""
    return caller.role != TILL and may(caller, SEE_COSTS)


StockReader = Annotated[Caller, Depends(_STOCK, scope="function")]
Reserver = Annotated[Caller, Depends(_RESERVING, scope="function")]
CostReader = Annotated[Caller, Depends(_COSTS, scope="function")]
StockKeeper = Annotated[Caller, Depends(_MOVING, scope="function")]
