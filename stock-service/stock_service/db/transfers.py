"""Reads and writes transfers, their lines and their receptions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.domain.levels import ProductId
from stock_service.domain.transfers import (
    Reception,
    Transfer,
    TransferLine,
    TransferStatus,
)

_INSERT = text("""
    INSERT INTO transfers (id, reference, from_store_id, to_store_id, status, created_by)
    VALUES (:id, :reference, :from_store_id, :to_store_id, 'draft', :created_by)
    ON CONFLICT (id) DO NOTHING
    RETURNING id
""")
_INSERT_LINES = text("""
    INSERT INTO transfer_lines (transfer_id, product_id, to_store_id, quantity)
    SELECT :transfer_id, product_id, :to_store_id, quantity
    FROM unnest(CAST(:product_ids AS int[]), CAST(:quantities AS bigint[]))
        AS l(product_id, quantity)
""")


async def insert_draft(session: AsyncSession, draft: Transfer, actor: str | None) -> bool:
    """Insert a new transfer; return False when its identifier is taken."""
    values = {
        "id": draft.id,
        "reference": draft.reference,
        "from_store_id": draft.from_store_id,
        "to_store_id": draft.to_store_id,
        "created_by": actor,
    }
    if (await session.execute(_INSERT, values)).one_or_none() is None:
        return False
    await session.execute(
        _INSERT_LINES,
        {
            "transfer_id": draft.id,
            "to_store_id": draft.to_store_id,
            "product_ids": [line.product_id for line in draft.lines],
            "quantities": [line.quantity for line in draft.lines],
        },
    )
    return True


_COLUMNS = """id, number, reference, from_store_id, to_store_id, status, created_at, created_by,
    shipped_at, shipped_by, closed_at, closed_by, difference_reason"""
_READ = text(f"SELECT {_COLUMNS} FROM transfers WHERE id = :id")
_LOCK = text(f"SELECT {_COLUMNS} FROM transfers WHERE id = :id FOR UPDATE")
_LINES = text("""
    SELECT transfer_id, product_id, quantity, shipped, received, difference, unit_cost
    FROM transfer_lines
    WHERE transfer_id = ANY(CAST(:ids AS uuid[])) ORDER BY transfer_id, product_id
""")


async def find_transfer(session: AsyncSession, transfer_id: UUID) -> Transfer | None:
    row = (await session.execute(_READ, {"id": transfer_id})).one_or_none()
    return None if row is None else (await _with_lines(session, [row]))[0]


async def lock_transfer(session: AsyncSession, transfer_id: UUID) -> Transfer | None:
    """Lock a transfer until the transaction ends, then read its lines as they are now."""
    row = (await session.execute(_LOCK, {"id": transfer_id})).one_or_none()
    return None if row is None else (await _with_lines(session, [row]))[0]


async def _with_lines(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[Transfer]:
    lines: dict[UUID, list[TransferLine]] = {row.id: [] for row in rows}
    for row in await session.execute(_LINES, {"ids": list(lines)}):
        lines[row.transfer_id].append(
            TransferLine(
                *(ProductId(row.product_id), row.quantity, row.shipped),
                *(row.received, row.difference, row.unit_cost),
            )
        )
    return [
        Transfer(
            **{**row._mapping, "status": TransferStatus(row.status)},
            lines=lines[row.id],
        )
        for row in rows
    ]


_SHIP = text("""
    UPDATE transfers SET status = 'shipped', shipped_at = now(), shipped_by = :actor
    WHERE id = :id
""")
_SHIP_LINES = text("""
    UPDATE transfer_lines AS l SET shipped = l.quantity, unit_cost = n.unit_cost
    FROM unnest(CAST(:product_ids AS int[]), CAST(:unit_costs AS numeric[]))
        AS n(product_id, unit_cost)
    WHERE l.transfer_id = :id AND l.product_id = n.product_id
""")


async def save_shipped(session: AsyncSession, shipped: Transfer, actor: str | None) -> None:
    """Write that all goods of a locked transfer have left, and what they cost."""
    await session.execute(_SHIP, {"id": shipped.id, "actor": actor})
    await session.execute(
        _SHIP_LINES,
        {
            "id": shipped.id,
            "product_ids": [line.product_id for line in shipped.lines],
            "unit_costs": [line.unit_cost for line in shipped.lines],
        },
    )


_CANCEL = text("""
    UPDATE transfers SET status = 'cancelled', closed_at = now(), closed_by = :actor
    WHERE id = :id
""")


async def save_cancelled(session: AsyncSession, transfer_id: UUID, actor: str | None) -> None:
    """Write that a locked draft will never be shipped."""
    await session.execute(_CANCEL, {"id": transfer_id, "actor": actor})


@dataclass(frozen=True, slots=True)
class FoundReception:
    """A reception that was recorded; `counted` is None if it was of everything."""

    transfer_id: UUID
    counted: dict[str, int] | None
    reason: str | None


_FIND_RECEPTION = text("""
    SELECT transfer_id, counted, reason FROM transfer_receptions WHERE id = :id
""")


async def find_reception(session: AsyncSession, reception_id: UUID) -> FoundReception | None:
    row = (await session.execute(_FIND_RECEPTION, {"id": reception_id})).one_or_none()
    return None if row is None else FoundReception(row.transfer_id, row.counted, row.reason)


_INSERT_RECEPTION = text("""
    INSERT INTO transfer_receptions (id, transfer_id, counted, reason, received_by)
    VALUES (:id, :transfer_id, CAST(:counted AS jsonb), :reason, :actor)
""")
_RECEIVE_LINES = text("""
    UPDATE transfer_lines AS l
    SET received = l.received + a.received, difference = l.difference + a.difference
    FROM unnest(CAST(:product_ids AS int[]), CAST(:received AS bigint[]),
        CAST(:differences AS bigint[])) AS a(product_id, received, difference)
    WHERE l.transfer_id = :transfer_id AND l.product_id = a.product_id
""")
_CLOSE = text("""
    UPDATE transfers SET status = 'received', closed_at = now(), closed_by = :actor,
        difference_reason = :reason
    WHERE id = :id
""")


async def save_reception(
    session: AsyncSession,
    reception: Reception,
    counted: str | None,
    reason: str | None,
    actor: str | None,
) -> None:
    """Write a reception of a locked transfer; `counted` is the JSON of what was counted."""
    transfer = reception.transfer
    await session.execute(
        _INSERT_RECEPTION,
        {
            "id": reception.document.document_id,
            "transfer_id": transfer.id,
            "counted": counted,
            "reason": reason,
            "actor": actor,
        },
    )
    await session.execute(
        _RECEIVE_LINES,
        {
            "transfer_id": transfer.id,
            "product_ids": [each.product_id for each in reception.arrivals],
            "received": [each.received for each in reception.arrivals],
            "differences": [each.difference for each in reception.arrivals],
        },
    )
    if transfer.status is TransferStatus.RECEIVED:
        closed = {"id": transfer.id, "actor": actor, "reason": transfer.difference_reason}
        await session.execute(_CLOSE, closed)


_OF_ALL = f"""
    SELECT {_COLUMNS} FROM transfers WHERE number < :before {{and_filters}}
    ORDER BY number DESC LIMIT :limit
"""
# A page of each store from each side: the work grows with the stores, not with the transfers.
_OF_STORES = f"""
    SELECT DISTINCT {_COLUMNS} FROM unnest(CAST(:store_ids AS int[])) AS wanted
    CROSS JOIN LATERAL (
        (SELECT * FROM transfers
            WHERE from_store_id = wanted AND number < :before {{and_filters}}
            ORDER BY from_store_id DESC, number DESC LIMIT :limit)
        UNION ALL
        (SELECT * FROM transfers
            WHERE to_store_id = wanted AND number < :before {{and_filters}}
            ORDER BY to_store_id DESC, number DESC LIMIT :limit)
    ) AS newest ORDER BY number DESC LIMIT :limit
"""
_OF_STATUS = "AND status = :status"
# By whether stores and a status are given.
_LIST = {
    (False, False): text(_OF_ALL.format(and_filters="")),
    (False, True): text(_OF_ALL.format(and_filters=_OF_STATUS)),
    (True, False): text(_OF_STORES.format(and_filters="")),
    (True, True): text(_OF_STORES.format(and_filters=_OF_STATUS)),
}


async def list_transfers(
    session: AsyncSession,
    *,
    store_ids: Collection[int] | None,
    status: TransferStatus | None,
    before: int,
    limit: int,
) -> list[Transfer]:
    """Return a page of transfers from or to some stores or all, newest first."""
    given: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "status": status,
    }
    values = {name: value for name, value in given.items() if value is not None}
    statement = _LIST["store_ids" in values, "status" in values]
    values |= {"before": before, "limit": limit}
    return await _with_lines(session, (await session.execute(statement, values)).all())
