"""Sets prices from a business date on; what has begun is never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db import prices
from sales_service.db.catalogue import ProductRow, read_product
from sales_service.db.days import read_chain_day, read_store_day
from sales_service.db.prices import NewPrice, PriceRow
from sales_service.domain.errors import UnknownProduct, UnknownStore
from sales_service.domain.price_errors import (
    PastPrice,
    PriceInForce,
    TooManyPlanned,
    UnknownPrice,
)
from sales_service.domain.prices import MOST_PLANNED
from sales_service.telemetry import count_begun_prices
from sales_service.use_cases.announce_products import announce_products
from service_kit.events.causes import current_actor


class Phase(StrEnum):
    """Where an entry of the history stands; one in force is the chain's, or the store's."""

    PLANNED = "planned"
    IN_FORCE = "in-force"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Price:
    """An entry of the history, and where it stands today."""

    row: PriceRow
    phase: Phase


async def set_price(
    session: AsyncSession,
    product_id: int,
    store_id: int | None,
    unit_price: Decimal | None,
    valid_from: date | None,
) -> Price:
    """Set a price of the chain or of a store, by default from today on, and return it.

    A planned price replaces the one that was planned for the same date. Raises `UnknownProduct`,
    `UnknownStore`, `PastPrice` or `TooManyPlanned`.
    """
    await _lock(session, product_id)
    today = await _read_day(session, store_id)
    begins = valid_from or today
    if begins < today:
        raise PastPrice(today)
    is_planned = begins > today
    if is_planned:
        await prices.delete_price(session, product_id, store_id, begins)
        if await prices.count_planned(session, product_id, store_id, today) >= MOST_PLANNED:
            raise TooManyPlanned(MOST_PLANNED)
    new = NewPrice(product_id, store_id, begins, unit_price, is_to_come=is_planned)
    row = await prices.insert_price(session, new, current_actor())
    await show_chain_prices(session, [product_id])
    return Price(row, Phase.PLANNED if is_planned else Phase.IN_FORCE)


async def take_price_back(
    session: AsyncSession, product_id: int, store_id: int | None, valid_from: date
) -> Price:
    """Delete a planned price, and return it.

    Raises `UnknownProduct`, `UnknownStore`, `UnknownPrice`, or `PriceInForce` when it has begun.
    """
    await _lock(session, product_id)
    if valid_from <= await _read_day(session, store_id):
        raise PriceInForce
    row = await prices.delete_price(session, product_id, store_id, valid_from)
    if row is None:
        raise UnknownPrice
    await show_chain_prices(session, [product_id])
    return Price(row, Phase.PLANNED)


async def note_price(session: AsyncSession, product_id: int, unit_price: Decimal) -> bool:
    """Note in the history that a product has another price from now on; return whether it has.

    The product's own row is left to the caller, and is locked.
    """
    if not await prices.lock_product(session, product_id):
        return False
    today = await read_chain_day(session)
    if await prices.read_chain_price(session, product_id, today) == unit_price:
        return False
    new = NewPrice(product_id, None, today, unit_price, is_to_come=False)
    await prices.insert_price(session, new, current_actor())
    return True


async def show_chain_prices(session: AsyncSession, product_ids: Sequence[int]) -> None:
    """Give locked products the chain's price of today, and announce them.

    Their version rises, so that no sale is priced by what was read before.
    """
    today = await read_chain_day(session)
    products = await prices.show_chain_prices(session, product_ids, today, current_actor())
    await announce_products(session, products)


async def show_begun_prices(session: AsyncSession, most: int) -> int:
    """Show prices of the chain that have begun, and return of how many products.

    Sales have them by their business date already; lists and other services learn them here.
    """
    begun = await prices.lock_begun(session, await read_chain_day(session), most)
    if begun:
        await show_chain_prices(session, begun)
    count_begun_prices(session, len(begun))
    return len(begun)


async def list_history(
    session: AsyncSession,
    product_id: int,
    store_id: int | None,
    after: tuple[date, int],
    limit: int,
) -> list[Price]:
    """Return a page of a product's prices; raise `UnknownProduct` or `UnknownStore`."""
    if await read_product(session, product_id) is None:
        raise UnknownProduct
    days: dict[int | None, date] = {None: await read_chain_day(session)}
    if store_id is not None:
        days[store_id] = await _read_day(session, store_id)
    in_force = await prices.find_in_force(session, product_id, list(days.items()))
    rows = await prices.list_prices(session, product_id, store_id, after, limit)
    return [Price(row, _phase(row, days[row.store_id], in_force)) for row in rows]


def _phase(row: PriceRow, today: date, in_force: set[int]) -> Phase:
    if row.valid_from > today:
        return Phase.PLANNED
    return Phase.IN_FORCE if row.id in in_force else Phase.PAST


async def price_in_store(
    session: AsyncSession, products: Sequence[ProductRow], store_id: int | None
) -> Sequence[ProductRow]:
    """Return the products, each with the price of a store today; raise `UnknownStore`.

    Without a store they have the chain's, which is that of their rows.
    """
    if store_id is None:
        return products
    today = await _read_day(session, store_id)
    return await prices.with_prices_of_store(session, products, store_id, today)


async def _lock(session: AsyncSession, product_id: int) -> None:
    if not await prices.lock_product(session, product_id):
        raise UnknownProduct


async def _read_day(session: AsyncSession, store_id: int | None) -> date:
    if store_id is None:
        return await read_chain_day(session)
    today = await read_store_day(session, store_id)
    if today is None:
        raise UnknownStore
    return today
