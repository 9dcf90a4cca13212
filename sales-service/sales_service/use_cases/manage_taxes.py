"""Adds rates of taxes, and takes back those that have not begun.

A rate that has begun is never changed: the next one has a later date. Each change is announced.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.days import read_latest_day
from sales_service.db.taxes import (
    NewRate,
    RateRow,
    count_codes,
    delete_rate,
    find_rate,
    insert_rate,
    raise_version,
    read_rate,
)
from sales_service.domain.tax_errors import RateExists, RateInForce, TooManyTaxes, UnknownRate
from sales_service.domain.taxes import MOST_CODES
from sales_service.events.published import TaxRateChanged
from sales_service.events.topics import CATALOGUE_TOPIC
from service_kit.events.causes import current_actor
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


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
    now = await raise_version(session, new.place)
    added = await insert_rate(session, new, current_actor())
    if added is None:
        known = await read_rate(session, new)
        if known.rate != new.rate:
            raise RateExists(known.rate)
        return AddedRate(known, is_repeated=True)
    if await count_codes(session, new.place, new.tax_class) > MOST_CODES:
        raise TooManyTaxes(MOST_CODES)
    await add_to_outbox(session, [_changed(added, "added", now)])
    return AddedRate(added, is_repeated=False)


async def take_rate_back(session: AsyncSession, rate_id: int) -> RateRow:
    """Delete a rate that has begun in no store, and return it.

    Raises `UnknownRate` or `RateInForce`.
    """
    rate = await find_rate(session, rate_id)
    if rate is None:
        raise UnknownRate
    # It locks the place: no sale is written meanwhile with the rates of before.
    now = await raise_version(session, rate.place)
    if rate.valid_from <= await read_latest_day(session):
        raise RateInForce
    if not await delete_rate(session, rate_id):
        raise UnknownRate
    await add_to_outbox(session, [_changed(rate, "taken-back", now)])
    return rate


def _changed(
    rate: RateRow, change: Literal["added", "taken-back"], changed_at: datetime
) -> OutgoingEvent:
    return OutgoingEvent(
        topic=CATALOGUE_TOPIC,
        key=f"tax:{rate.place}",
        type=TaxRateChanged.TYPE,
        subject=f"tax-rate/{rate.id}",
        body=TaxRateChanged(
            rate_id=rate.id,
            change=change,
            place=rate.place,
            tax_class=rate.tax_class,
            code=rate.code,
            rate=rate.rate,
            valid_from=rate.valid_from,
            changed_at=changed_at,
        ),
    )
