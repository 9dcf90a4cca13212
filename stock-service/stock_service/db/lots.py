"""Looks up what a lot names, and writes its movements with their levels in one statement."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import Level, LevelKey, ProductId, StoreId
from stock_service.domain.lots import Lot

_LOOK_UP = text("""
    SELECT ARRAY(SELECT id FROM stores WHERE id = ANY(CAST(:store_ids AS int[]))) AS stores,
        ARRAY(
            SELECT id FROM stores
            WHERE id = ANY(CAST(:store_ids AS int[])) AND stock_policy = 'strict'
        ) AS strict_stores,
        ARRAY(SELECT id FROM products WHERE id = ANY(CAST(:product_ids AS int[]))) AS products
""")


@dataclass(frozen=True, slots=True)
class LotLookup:
    """Which stores and products of a lot are known, and which of the stores are strict."""

    stores: frozenset[StoreId]
    strict_stores: frozenset[StoreId]
    products: frozenset[ProductId]


async def look_up_lot(
    session: AsyncSession, store_ids: Collection[StoreId], product_ids: Collection[ProductId]
) -> LotLookup:
    """Return what is known of these stores and products."""
    parameters = {"store_ids": list(store_ids), "product_ids": list(product_ids)}
    row = (await session.execute(_LOOK_UP, parameters)).one()
    return LotLookup(frozenset(row.stores), frozenset(row.strict_stores), frozenset(row.products))


# The rows are locked. Balance and version of a movement are what the update returns, so they
# do not travel to the process and back while all these levels are locked.
_MOVE = text("""
    WITH documents AS (
        SELECT * FROM unnest(CAST(:document_stores AS int[]), CAST(:document_ids AS uuid[]),
            CAST(:kinds AS text[]), CAST(:reasons AS text[]), CAST(:occurred_at AS timestamptz[]),
            CAST(:actors AS text[]))
            AS d(store_id, document_id, kind, reason, occurred_at, actor)
    ), moved AS (
        UPDATE stock_levels AS l
        SET on_hand = l.on_hand + n.delta, version = l.version + 1,
            average_cost = n.average_cost, updated_at = now()
        FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]),
            CAST(:deltas AS bigint[]), CAST(:unit_costs AS numeric[]),
            CAST(:average_costs AS numeric[]))
            AS n(store_id, product_id, delta, unit_cost, average_cost)
        WHERE l.store_id = n.store_id AND l.product_id = n.product_id
        RETURNING l.store_id, l.product_id, n.delta, l.on_hand, l.version, n.unit_cost,
            l.average_cost
    )
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        reason, document_id, occurred_at, actor, unit_cost, average_cost)
    SELECT store_id, product_id, delta, on_hand, version, kind, reason, document_id, occurred_at,
        actor, unit_cost, average_cost
    FROM moved JOIN documents USING (store_id)
    ORDER BY store_id, product_id
""")


async def move_lot(session: AsyncSession, lot: Lot, after: Mapping[LevelKey, Level]) -> None:
    """Write the movements of a lot and the levels after them; the levels are locked."""
    documents = lot.documents
    await session.execute(
        _MOVE,
        {
            "document_stores": list(documents),
            "document_ids": [each.document_id for each in documents.values()],
            "kinds": [each.kind.value for each in documents.values()],
            "reasons": [each.reason for each in documents.values()],
            "occurred_at": [each.occurred_at for each in documents.values()],
            "actors": [each.actor for each in documents.values()],
            "store_ids": [key.store_id for key in lot.entries],
            "product_ids": [key.product_id for key in lot.entries],
            "deltas": [entry.delta for entry in lot.entries.values()],
            "unit_costs": [entry.unit_cost for entry in lot.entries.values()],
            "average_costs": [after[key].average_cost for key in lot.entries],
        },
    )
