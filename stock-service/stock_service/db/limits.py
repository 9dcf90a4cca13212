"""Looks up the limits in force of levels, and keeps what has changed of them.

Limits are looked up under the locks of their levels, and never while somebody changes them: so no
level keeps limits that were replaced before it was written.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.levels import key_arrays
from stock_service.domain.alerts import Limits
from stock_service.domain.levels import LevelKey, ProductId, StoreId

# Each threshold for itself: of the store and product, else of the product, the store, the chain.
SCOPES = """
    LEFT JOIN stock_thresholds AS own
        ON own.store_id = k.store_id AND own.product_id = k.product_id
    LEFT JOIN stock_thresholds AS of_product
        ON of_product.store_id IS NULL AND of_product.product_id = k.product_id
    LEFT JOIN stock_thresholds AS of_store
        ON of_store.store_id = k.store_id AND of_store.product_id IS NULL
    LEFT JOIN stock_thresholds AS of_chain
        ON of_chain.store_id IS NULL AND of_chain.product_id IS NULL
"""


def in_force(column: str) -> str:
    """Return the SQL of a threshold that is in force, after `SCOPES`."""
    return f"coalesce(own.{column}, of_product.{column}, of_store.{column}, of_chain.{column})"


LIMITS = f"""
    {in_force("low")} AS low, {in_force("high")} AS high, {in_force("target")} AS target,
    coalesce(s.is_active, true) AND coalesce(p.is_active, true) AS is_wanted,
    num_nonnulls(own.low, own.high, own.reorder_point, own.target) > 0 AS is_named
"""
CATALOGUE = """
    LEFT JOIN stores AS s ON s.id = k.store_id
    LEFT JOIN products AS p ON p.id = k.product_id
"""
_FIND = text(f"""
    SELECT k.store_id, k.product_id, {LIMITS}
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[])) AS k(store_id, product_id)
    {SCOPES} {CATALOGUE}
""")
_HOLD = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('limits', 0))")
_CHANGE = text("SELECT pg_advisory_xact_lock(hashtextextended('limits', 0))")


async def find_limits(session: AsyncSession, keys: Collection[LevelKey]) -> dict[LevelKey, Limits]:
    """Return the limits of locked levels; nobody changes them before the transaction ends."""
    if not keys:
        return {}
    await session.execute(_HOLD)
    rows = await session.execute(_FIND, key_arrays(keys))
    return {LevelKey(row[0], row[1]): Limits(*row[2:]) for row in rows}


async def lock_limits(session: AsyncSession) -> None:
    """Keep others from looking up limits until the transaction ends: its own are to change.

    A closed product or store changes them, too. Levels are locked before, never after it.
    """
    await session.execute(_CHANGE)


class Scope(NamedTuple):
    """Whose limits have changed; None: of all stores, or of all products."""

    store_id: StoreId | None
    product_id: ProductId | None


_NOTE = text("INSERT INTO limit_changes (store_id, product_id) VALUES (:store_id, :product_id)")


async def note_change(session: AsyncSession, scope: Scope) -> None:
    """Have the worker look at all levels of a scope."""
    await session.execute(_NOTE, scope._asdict())


# Other workers take another one, or none.
_TAKE = text("""
    SELECT id, store_id, product_id, after_store, after_product FROM limit_changes
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
""")


async def take_change(session: AsyncSession) -> Row[Any] | None:
    """Lock the oldest change that levels do not know; None: they know all."""
    return (await session.execute(_TAKE)).one_or_none()


def _list(*, has_store: bool, has_product: bool) -> TextClause:
    scope = "AND store_id = :store_id " if has_store else ""
    scope += "AND product_id = :product_id" if has_product else ""
    return text(f"""
        SELECT store_id, product_id FROM stock_levels
        WHERE (store_id, product_id) > (CAST(:after_store AS int), CAST(:after_product AS int))
            {scope}
        ORDER BY store_id, product_id LIMIT :limit
    """)


async def find_levels_after(
    session: AsyncSession, change: Row[Any], limit: int
) -> Sequence[LevelKey]:
    """Return the next levels that a change is about, in the order of the locks."""
    values = {
        "store_id": change.store_id,
        "product_id": change.product_id,
        "after_store": change.after_store,
        "after_product": change.after_product,
        "limit": limit,
    }
    given = {name: value for name, value in values.items() if value is not None}
    statement = _list(has_store="store_id" in given, has_product="product_id" in given)
    return [LevelKey(*row) for row in await session.execute(statement, given)]


_ADVANCE = text("""
    UPDATE limit_changes SET after_store = :store_id, after_product = :product_id WHERE id = :id
""")
_END = text("DELETE FROM limit_changes WHERE id = :id")


async def advance_change(session: AsyncSession, change: Row[Any], last: LevelKey | None) -> None:
    """Write how far the worker has come with a change; None: it is done."""
    if last is None:
        await session.execute(_END, {"id": change.id})
    else:
        await session.execute(_ADVANCE, {"id": change.id, **last._asdict()})
