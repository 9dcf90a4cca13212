"""Reads and writes replenishment requests."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import ProductId, StoreId
from stock_service.domain.requests import Centre, Request, RequestStatus

_INSERT = text("""
    INSERT INTO replenishment_requests
        (store_id, product_id, quantity, centre_id, created_by, changed_by)
    VALUES (:store_id, :product_id, :quantity, :centre_id, :actor, :actor)
    RETURNING id
""")


async def insert_request(
    session: AsyncSession,
    store_id: StoreId,
    product_id: ProductId,
    quantity: int,
    centre_id: StoreId | None,
    actor: str | None,
) -> int:
    """Insert a pending request and return its id."""
    values = {
        "store_id": store_id,
        "product_id": product_id,
        "quantity": quantity,
        "centre_id": centre_id,
        "actor": actor,
    }
    return int((await session.execute(_INSERT, values)).scalar_one())


_COLUMNS = """r.id, r.store_id, r.product_id, r.quantity, r.status, r.centre_id, r.transfer_id,
    r.reason, r.created_at, r.created_by, r.changed_at, r.changed_by,
    coalesce((
        SELECT shipped FROM transfer_lines AS t
        WHERE t.transfer_id = r.transfer_id AND t.product_id = r.product_id
    ), 0) AS sent"""
_READ = text(f"SELECT {_COLUMNS} FROM replenishment_requests AS r WHERE id = :id")
_LOCK = text("SELECT id FROM replenishment_requests WHERE id = :id FOR UPDATE")


async def find_request(session: AsyncSession, request_id: int) -> Request | None:
    row = (await session.execute(_READ, {"id": request_id})).one_or_none()
    return None if row is None else _request(row)


async def lock_request(session: AsyncSession, request_id: int) -> Request | None:
    """Lock a request until the transaction ends, then read it as it is now."""
    await session.execute(_LOCK, {"id": request_id})
    return await find_request(session, request_id)


def _request(row: Row[Any]) -> Request:
    return Request(**{**row._mapping, "status": RequestStatus(row.status)})


_UPDATE = text("""
    UPDATE replenishment_requests
    SET status = :status, centre_id = coalesce(:centre_id, centre_id),
        transfer_id = coalesce(:transfer_id, transfer_id), reason = coalesce(:reason, reason),
        changed_at = now(), changed_by = :actor
    WHERE id = :id
""")


async def save_step(
    session: AsyncSession,
    request_id: int,
    status: RequestStatus,
    actor: str | None,
    *,
    centre_id: StoreId | None = None,
    transfer_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Write the step of a locked request; what is not given stays."""
    await session.execute(
        _UPDATE,
        {
            "id": request_id,
            "status": status.value,
            "centre_id": centre_id,
            "transfer_id": transfer_id,
            "reason": reason,
            "actor": actor,
        },
    )


_CLOSE = text("""
    UPDATE replenishment_requests
    SET status = 'received', changed_at = now(), changed_by = :actor
    WHERE transfer_id = :transfer_id
""")


async def close_request_of(session: AsyncSession, transfer_id: UUID, actor: str | None) -> None:
    """Write that the request of a transfer has been received, if it has one."""
    await session.execute(_CLOSE, {"transfer_id": transfer_id, "actor": actor})


_CENTRES = text("""
    SELECT id, name FROM stores WHERE kind = 'logistics-centre' AND is_active ORDER BY id
""")


async def list_centres(session: AsyncSession) -> list[Centre]:
    """Return the open logistics centres."""
    return [Centre(StoreId(row.id), row.name) for row in await session.execute(_CENTRES)]


_FILTERS = """
    AND r.status = coalesce(CAST(:status AS text), r.status)
    AND r.product_id = coalesce(CAST(:product_id AS int), r.product_id)
"""
_OF_ALL = text(f"""
    SELECT {_COLUMNS} FROM replenishment_requests AS r
    WHERE r.id < CAST(:before AS bigint) {_FILTERS}
    ORDER BY r.id DESC LIMIT :limit
""")
# A page of each store from each side: the work grows with the stores, not with the requests.
_OF_STORES = text(f"""
    SELECT {_COLUMNS} FROM replenishment_requests AS r
    WHERE r.id IN (
        SELECT newest.id FROM unnest(CAST(:store_ids AS int[])) AS wanted
        CROSS JOIN LATERAL (
            (SELECT r.id FROM replenishment_requests AS r
                WHERE r.store_id = wanted AND r.id < CAST(:before AS bigint) {_FILTERS}
                ORDER BY r.store_id DESC, r.id DESC LIMIT :limit)
            UNION ALL
            (SELECT r.id FROM replenishment_requests AS r
                WHERE r.centre_id = wanted AND r.id < CAST(:before AS bigint) {_FILTERS}
                ORDER BY r.centre_id DESC, r.id DESC LIMIT :limit)
        ) AS newest
    )
    ORDER BY r.id DESC LIMIT :limit
""")


async def list_requests(
    session: AsyncSession,
    *,
    store_ids: Collection[int] | None,
    product_id: ProductId | None,
    status: RequestStatus | None,
    before: int,
    limit: int,
) -> Sequence[Request]:
    """Return a page of requests of some stores or centres, or of all, newest first."""
    values: dict[str, Any] = {
        "product_id": product_id,
        "status": status and status.value,
        "before": before,
        "limit": limit,
    }
    if store_ids is None:
        rows = await session.execute(_OF_ALL, values)
    else:
        rows = await session.execute(_OF_STORES, values | {"store_ids": sorted(store_ids)})
    return [_request(row) for row in rows]
