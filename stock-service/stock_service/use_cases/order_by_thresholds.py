"""Makes requests of what the thresholds suggest."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.thresholds import lock_suggestions
from stock_service.domain.levels import LevelKey, StoreId
from stock_service.domain.requests import Request
from stock_service.use_cases.replenish import ask


@dataclass(frozen=True, slots=True)
class Accepted:
    """The requests that were made, and the keys of which nothing is suggested any more."""

    requests: list[Request]
    without_suggestion: list[LevelKey]


async def accept_suggestions(
    session: AsyncSession, keys: Collection[LevelKey], centre_id: StoreId | None
) -> Accepted:
    """Ask for what is suggested of each key now; raise `NotACentre`.

    A request is expected goods: so the same again suggests, and makes, nothing.
    """
    suggested = {
        LevelKey(row.store_id, row.product_id): row.quantity
        for row in await lock_suggestions(session, keys)
    }
    made = [
        await ask(session, key.store_id, key.product_id, quantity, centre_id)
        for key, quantity in suggested.items()
    ]
    return Accepted(made, [key for key in keys if key not in suggested])
