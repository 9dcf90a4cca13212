"""Reads and writes counts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.counts import Clock, Count, CountStatus, Posting

_INSERT = text("""
    INSERT INTO counts (id, store_id, scope, category, product_ids, reason, opened_by)
    VALUES (:id, :store_id, :scope, :category, CAST(:product_ids AS int[]), :reason, :opened_by)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
""")


async def insert_count(session: AsyncSession, count: Count, actor: str | None) -> bool:
    """Insert a new count without lines; return False when its identifier is taken."""
    values = {
        "id": count.id,
        "store_id": count.store_id,
        "scope": count.scope.value,
        "category": count.category,
        "product_ids": None if count.product_ids is None else list(count.product_ids),
        "reason": count.reason,
        "opened_by": actor,
    }
    return (await session.execute(_INSERT, values)).one_or_none() is not None


_COLUMNS = """c.id, c.number, c.store_id, c.category, c.product_ids, c.reason, c.status,
    c.opened_at, c.opened_by, c.closed_at, c.closed_by, c.missing_units, c.surplus_units,
    c.value_cents"""
_SIZE = """
    CROSS JOIN LATERAL (
        SELECT count(*) AS line_count, count(quantity) AS counted_count FROM count_lines
        WHERE count_id = c.id
    ) AS size
"""
_FIND = text(f"SELECT {_COLUMNS}, size.* FROM counts AS c {_SIZE} WHERE c.id = :id")


async def find_count(session: AsyncSession, count_id: UUID) -> Count | None:
    row = (await session.execute(_FIND, {"id": count_id})).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Count:
    # A whole number, which may have more digits than a bigint.
    cents = None if row.value_cents is None else int(row.value_cents)
    return Count(**{**row._mapping, "status": CountStatus(row.status), "value_cents": cents})


@dataclass(frozen=True, slots=True)
class LockedCount:
    """A count that is locked until the transaction ends, and its clock; without its size."""

    count: Count
    clock: Clock


_LOCK = f"""
    SELECT {_COLUMNS}, clock_timestamp() AS now FROM counts AS c WHERE c.id = :id FOR {{strength}}
"""
# Many people enter what they count at once; a posting or a cancellation waits for them.
_LOCK_TO_ENTER = text(_LOCK.format(strength="SHARE"))
_LOCK_TO_END = text(_LOCK.format(strength="UPDATE"))


async def lock_count(
    session: AsyncSession, count_id: UUID, *, to_end: bool = False
) -> LockedCount | None:
    statement = _LOCK_TO_END if to_end else _LOCK_TO_ENTER
    row = (await session.execute(statement, {"id": count_id})).one_or_none()
    if row is None:
        return None
    values = {name: value for name, value in row._mapping.items() if name != "now"}
    count = Count(**{**values, "status": CountStatus(row.status)})
    assert count.opened_at is not None
    return LockedCount(count, Clock(count.opened_at, row.now))


_POST = text("""
    UPDATE counts SET status = 'posted', closed_at = clock_timestamp(), closed_by = :actor,
        missing_units = :missing_units, surplus_units = :surplus_units, value_cents = :value_cents
    WHERE id = :id
""")
_CANCEL = text("""
    UPDATE counts SET status = 'cancelled', closed_at = clock_timestamp(), closed_by = :actor
    WHERE id = :id
""")


async def save_posted(
    session: AsyncSession, count_id: UUID, posting: Posting, actor: str | None
) -> None:
    """Write the end of a locked count whose differences are in the ledger."""
    values = {
        "id": count_id,
        "actor": actor,
        "missing_units": posting.missing_units,
        "surplus_units": posting.surplus_units,
        "value_cents": posting.value_cents,
    }
    await session.execute(_POST, values)


async def save_cancelled(session: AsyncSession, count_id: UUID, actor: str | None) -> None:
    """Write that a locked count will never be posted."""
    await session.execute(_CANCEL, {"id": count_id, "actor": actor})


_OF_ALL = f"""
    SELECT {_COLUMNS} FROM counts AS c WHERE c.number < :before {{and_filters}}
    ORDER BY c.number DESC LIMIT :limit
"""
# A page of each store: the work grows with the stores, not with the counts.
_OF_STORES = f"""
    SELECT newest.* FROM unnest(CAST(:store_ids AS int[])) AS wanted
    CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM counts AS c
        WHERE c.store_id = wanted AND c.number < :before {{and_filters}}
        ORDER BY c.store_id DESC, c.number DESC LIMIT :limit
    ) AS newest ORDER BY number DESC LIMIT :limit
"""
_OF_STATUS = "AND c.status = :status"
_SIZED = f"SELECT c.*, size.* FROM ({{page}}) AS c {_SIZE} ORDER BY c.number DESC"
_SIZED_OF_ALL = _SIZED.format(page=_OF_ALL)
_SIZED_OF_STORES = _SIZED.format(page=_OF_STORES)
# By whether stores and a status are given.
_LIST = {
    (False, False): text(_SIZED_OF_ALL.format(and_filters="")),
    (False, True): text(_SIZED_OF_ALL.format(and_filters=_OF_STATUS)),
    (True, False): text(_SIZED_OF_STORES.format(and_filters="")),
    (True, True): text(_SIZED_OF_STORES.format(and_filters=_OF_STATUS)),
}


async def list_counts(
    session: AsyncSession,
    *,
    store_ids: Collection[int] | None,
    status: CountStatus | None,
    before: int,
    limit: int,
) -> Sequence[Count]:
    """Return a page of counts of some stores or all, newest first."""
    given: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "status": status,
    }
    values = {name: value for name, value in given.items() if value is not None}
    statement = _LIST["store_ids" in values, "status" in values]
    values |= {"before": before, "limit": limit}
    return [_read(row) for row in await session.execute(statement, values)]
