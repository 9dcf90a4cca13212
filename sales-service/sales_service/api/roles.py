"""The roles and rights of keys, and the dependencies that require them. A site is a store."""

from enum import StrEnum
from typing import Annotated

from fastapi import Depends

from service_kit.http.access import Needs, Reach
from service_kit.http.callers import Caller

TILL = "till"
MANAGER = "manager"
HEAD_OFFICE = "head-office"
LOGISTICS = "logistics"
READ_ONLY = "read-only"


class Right(StrEnum):
    """What a key may do beside its role."""

    PRICE_OVERRIDE = "price-override"
    BACKDATE = "backdate"
    RETURN_WITHOUT_RECEIPT = "return-without-receipt"
    SEE_COSTS = "see-costs"


def may(caller: Caller, right: Right) -> bool:
    """Return whether the caller has a right; the head office has all of them."""
    return caller.role == HEAD_OFFICE or right in caller.rights


def finds_foreign_receipts(caller: Caller) -> bool:
    """Return whether the caller gets the receipt of another store by its exact number.

    A customer brings goods and receipt to any store of the chain.
    """
    return caller.role in _SELLING.roles


def sees_costs(caller: Caller) -> bool:
    """Return whether the caller sees purchase costs; a till never does, whatever its key says."""
    return caller.role != TILL and may(caller, Right.SEE_COSTS)


_CATALOGUE = Needs(TILL, MANAGER, HEAD_OFFICE, LOGISTICS, READ_ONLY, reach=Reach.SHARED)
_CHAIN = Needs(HEAD_OFFICE, reach=Reach.EVERY_SITE)
_SELLING = Needs(TILL, MANAGER, HEAD_OFFICE, reach=Reach.BY_SITE)
_RECEIPTS = Needs(TILL, MANAGER, HEAD_OFFICE, READ_ONLY, reach=Reach.BY_SITE)
_DAYS = Needs(MANAGER, HEAD_OFFICE, READ_ONLY, reach=Reach.BY_SITE)
_CLOSING = Needs(MANAGER, HEAD_OFFICE, reach=Reach.BY_SITE)

Anyone = Annotated[Caller, Depends(_CATALOGUE, scope="function")]
HeadOffice = Annotated[Caller, Depends(_CHAIN, scope="function")]
Seller = Annotated[Caller, Depends(_SELLING, scope="function")]
ReceiptReader = Annotated[Caller, Depends(_RECEIPTS, scope="function")]
DayReader = Annotated[Caller, Depends(_DAYS, scope="function")]
DayCloser = Annotated[Caller, Depends(_CLOSING, scope="function")]
