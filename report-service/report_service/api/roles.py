"""The roles of keys, and the dependencies that require them. A site is a store."""

from typing import Annotated

from fastapi import Depends

from service_kit.http.access import Needs, Reach
from service_kit.http.callers import Caller

MANAGER = "manager"
HEAD_OFFICE = "head-office"
READ_ONLY = "read-only"

READERS = (MANAGER, HEAD_OFFICE, READ_ONLY)

ChainReader = Annotated[Caller, Depends(Needs(*READERS, reach=Reach.EVERY_SITE), scope="function")]
Auditor = Annotated[Caller, Depends(Needs(HEAD_OFFICE, reach=Reach.EVERY_SITE), scope="function")]
StoreReader = Annotated[Caller, Depends(Needs(*READERS, reach=Reach.BY_SITE), scope="function")]
