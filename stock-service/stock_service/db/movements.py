"""Appends to the ledger of movements and reads it."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database.faults import TooMuchAtOnce
from stock_service.domain.levels import Movement, ProductId

_INSERT = text("""
    INSERT INTO movements (store_id, product_id, delta, balance_after, level_version, kind,
        reason, document_id, occurred_at, actor, unit_cost, average_cost)
    SELECT store_id, product_id, delta, balance_after, level_version, kind, reason, document_id,
        occurred_at, actor, unit_cost, average_cost
    FROM unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]), CAST(:deltas AS bigint[]),
        CAST(:balances AS bigint[]), CAST(:versions AS bigint[]), CAST(:kinds AS text[]),
        CAST(:reasons AS text[]), CAST(:document_ids AS uuid[]),
        CAST(:occurred_at AS timestamptz[]), CAST(:actors AS text[]),
        CAST(:unit_costs AS numeric[]), CAST(:average_costs AS numeric[])) WITH ORDINALITY
        AS m(store_id, product_id, delta, balance_after, level_version, kind, reason, document_id,
            occurred_at, actor, unit_cost, average_cost, n)
    ORDER BY n
""")


async def insert_movements(session: AsyncSession, movements: Sequence[Movement]) -> None:
    """Append movements in the order in which they were decided."""
    await session.execute(
        _INSERT,
        {
            "store_ids": [each.key.store_id for each in movements],
            "product_ids": [each.key.product_id for each in movements],
            "deltas": [each.delta for each in movements],
            "balances": [each.level.on_hand for each in movements],
            "versions": [each.level.version for each in movements],
            "kinds": [each.document.kind.value for each in movements],
            "reasons": [each.document.reason for each in movements],
            "document_ids": [each.document.document_id for each in movements],
            "occurred_at": [each.document.occurred_at for each in movements],
            "actors": [each.document.actor for each in movements],
            "unit_costs": [each.unit_cost for each in movements],
            "average_costs": [each.level.average_cost for each in movements],
        },
    )


# Of the sales that a batch takes back: their cancellations are small events, whatever they undo.
MOST_MOVEMENTS = 20_000

_FIND_WITHDRAWN = text(f"""
    SELECT document_id, product_id, -delta AS quantity FROM movements
    WHERE document_id = ANY(CAST(:sale_ids AS uuid[])) AND kind = 'sale'
    ORDER BY document_id, product_id LIMIT {MOST_MOVEMENTS + 1}
""")


async def find_withdrawn(
    session: AsyncSession, sale_ids: Collection[UUID]
) -> dict[UUID, dict[ProductId, int]]:
    """Return the quantities that each of these sales took; raise `TooMuchAtOnce`."""
    withdrawn: dict[UUID, dict[ProductId, int]] = {}
    rows = (await session.execute(_FIND_WITHDRAWN, {"sale_ids": list(sale_ids)})).all()
    if len(rows) > MOST_MOVEMENTS:
        raise TooMuchAtOnce(f"more than {MOST_MOVEMENTS} movements to take back")
    for row in rows:
        withdrawn.setdefault(row.document_id, {})[row.product_id] = row.quantity
    return withdrawn


_FIND_DOCUMENT = text("""
    SELECT document_id, store_id, product_id, delta, balance_after AS balance, kind
    FROM movements
    WHERE document_id = :document_id
        AND kind IN ('reception', 'adjustment', 'opening', 'count', 'count-correction')
    ORDER BY id
""")


async def find_document(session: AsyncSession, document_id: UUID) -> Sequence[Row[Any]]:
    """Return the movements of a document that was posted here, in the order of its lines."""
    return (await session.execute(_FIND_DOCUMENT, {"document_id": document_id})).all()


_COLUMNS = """id, store_id, product_id, delta, balance_after AS balance, kind, reason, document_id,
    occurred_at, recorded_at, unit_cost, average_cost"""
_PAGE = f"""
    SELECT {_COLUMNS} FROM movements WHERE id < :before {{and_filters}}
    ORDER BY id DESC LIMIT :limit
"""
# It is ordered by the columns of its index. PostgreSQL would choose the primary key for an order
# by id, and read the movements of all stores for the page of a small one.
_OF_STORE = f"""
    SELECT {_COLUMNS} FROM movements
    WHERE (store_id, id) < (wanted, CAST(:before AS bigint)) AND store_id >= wanted
    ORDER BY store_id DESC, id DESC LIMIT :limit
"""
_OF_STORE_AND_PRODUCT = _PAGE.format(
    and_filters="AND store_id = wanted AND product_id = :product_id"
)
# A page of each store: the work grows with the stores, not with the ledger.
_PAGE_OF_STORES = """
    SELECT newest.* FROM unnest(CAST(:store_ids AS int[])) AS wanted
    CROSS JOIN LATERAL ({page}) AS newest ORDER BY id DESC LIMIT :limit
"""
# By whether stores and a product are given: the planner chooses the index by the columns.
_LIST = {
    (False, False): text(_PAGE.format(and_filters="")),
    (False, True): text(_PAGE.format(and_filters="AND product_id = :product_id")),
    (True, False): text(_PAGE_OF_STORES.format(page=_OF_STORE)),
    (True, True): text(_PAGE_OF_STORES.format(page=_OF_STORE_AND_PRODUCT)),
}


async def list_movements(
    session: AsyncSession,
    *,
    store_ids: Collection[int] | None,
    product_id: ProductId | None,
    before: int,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return a page of the ledger, newest first: of some stores or all, one product or all."""
    given: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "product_id": product_id,
    }
    values = {name: value for name, value in given.items() if value is not None}
    statement = _LIST["store_ids" in values, "product_id" in values]
    return (await session.execute(statement, values | {"before": before, "limit": limit})).all()
