"""Adds rates of taxes. A rate is never changed: the next one has a later date."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.taxes import (
    NewRate,
    RateRow,
    count_codes,
    insert_rate,
    raise_version,
    read_rate,
)
from sales_service.domain.errors import RateExists, TooManyTaxes
from sales_service.domain.taxes import MOST_CODES
from service_kit.events.causes import current_actor


@dataclass(frozen=True, slots=True)
class AddedRate:
    """A stored rate, and whether an earlier request has added it."""

    rate: RateRow
    is_repeated: bool


async def add_rate(session: AsyncSession, new: NewRate) -> AddedRate:
    """Add a rate and return it; the same rate again adds nothing.

    Raises `RateExists` or `TooManyTaxes`.
    """
    # First, because it locks the place: of two requests the second sees the codes of the first.
    await raise_version(session, new.place)
    added = await insert_rate(session, new, current_actor())
    if added is None:
        known = await read_rate(session, new)
        if known.rate != new.rate:
            raise RateExists(known.rate)
        return AddedRate(known, is_repeated=True)
    if await count_codes(session, new.place, new.tax_class) > MOST_CODES:
        raise TooManyTaxes(MOST_CODES)
    return AddedRate(added, is_repeated=False)
