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

_STOCK = Needs(TILL, MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY, reach=Reach.BY_SITE)
_MOVING = Needs(MANAGER, HEAD_OFFICE, LOGISTICS, reach=Reach.BY_SITE)

StockReader = Annotated[Caller, Depends(_STOCK, scope="function")]
StockKeeper = Annotated[Caller, Depends(_MOVING, scope="function")]
