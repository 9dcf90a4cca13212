"""Says which roles may use a route."""

from typing import Annotated

from fastapi import Depends

from service_kit.http.api_keys import require_role
from service_kit.http.callers import Caller

TILL = "till"
MANAGER = "manager"
HEAD_OFFICE = "head-office"

ANYONE = (TILL, MANAGER, HEAD_OFFICE)

Anyone = Annotated[Caller, Depends(require_role(*ANYONE), scope="function")]
Manager = Annotated[Caller, Depends(require_role(MANAGER, HEAD_OFFICE), scope="function")]
