"""The roles of callers, and the dependencies that require them."""

from typing import Annotated

from fastapi import Depends

from service_kit.http.api_keys import require_role
from service_kit.http.callers import Caller

TILL = "till"
MANAGER = "manager"
HEAD_OFFICE = "head-office"

Anyone = Annotated[Caller, Depends(require_role(TILL, MANAGER, HEAD_OFFICE), scope="function")]
HeadOffice = Annotated[Caller, Depends(require_role(HEAD_OFFICE), scope="function")]
