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

_CATALOGUE = Needs(TILL, MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY, reach=Reach.SHARED)
_CHAIN = Needs(HEAD_OFFICE, reach=Reach.EVERY_SITE)
_SELLING = Needs(TILL, MANAGER, HEAD_OFFICE, reach=Reach.BY_SITE)
_RECEIPTS = Needs(TILL, MANAGER, HEAD_OFFICE, READ_ONLY, reach=Reach.BY_SITE)

Anyone = Annotated[Caller, Depends(_CATALOGUE, scope="function")]
HeadOffice = Annotated[Caller, Depends(_CHAIN, scope="function")]
Seller = Annotated[Caller, Depends(_SELLING, scope="function")]
ReceiptReader = Annotated[Caller, Depends(_RECEIPTS, scope="function")]
