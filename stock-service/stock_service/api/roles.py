"""Who may do what."""

from typing import Annotated

from fastapi import Depends

from service_kit.api_keys import Caller, require_role

TILL = "till"
MANAGER = "manager"
HEAD_OFFICE = "head-office"

Anyone = Annotated[Caller, Depends(require_role(TILL, MANAGER, HEAD_OFFICE), scope="function")]
Manager = Annotated[Caller, Depends(require_role(MANAGER, HEAD_OFFICE), scope="function")]
