"""Reads and writes reservations. The locks of their levels guard them: they have none of their own.

Nobody changes a reservation without the locks of all levels that it holds.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stock_service.db.levels import key_arrays
from stock_service.domain.levels import Held, LevelKey, ProductId
from stock_service.domain.reservations import Reservation, Status

# One reading of the clock for both: a reservation cannot be open and expired.
_READ_HELD = text("""
    WITH clock AS MATERIALIZED (
        SELECT clock_timestamp() AS instant
    ), expired AS (
        SELECT line.store_id, line.product_id, sum(line.quantity) AS units
        FROM clock, unnest(CAST(:store_ids AS int[]), CAST(:product_ids AS int[]))
                AS k(store_id, product_id)
            JOIN reservation_lines AS line USING (store_id, product_id)
        WHERE line.is_held AND line.expires_at <= clock.instant
        GROUP BY line.store_id, line.product_id
    )
    SELECT clock.instant, expired.*, ARRAY(
        SELECT id FROM reservations WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'open'
    ) AS open_ids
    FROM clock LEFT JOIN expired ON true
""")


async def read_held(
    session: AsyncSession, keys: Collection[LevelKey], ids: Collection[UUID]
) -> Held:
    """Return what has expired of locked levels, and which of these reservations are not closed."""
    rows = (await session.execute(_READ_HELD, {**key_arrays(keys), "ids": list(ids)})).all()
    expired = {
        LevelKey(row.store_id, row.product_id): int(row.units)
        for row in rows
        if row.store_id is not None
    }
    return Held(rows[0].instant, expired, frozenset(rows[0].open_ids))


_COLUMNS = """r.id, r.store_id, r.status, r.version, r.reference, r.actor, r.created_at,
    r.expires_at, r.closed_at, r.sale_id, line.product_id, line.quantity,
    clock_timestamp() AS instant"""
_FIND = text(f"""
    SELECT {_COLUMNS}
    FROM reservations AS r JOIN reservation_lines AS line ON line.reservation_id = r.id
    WHERE r.id = ANY(CAST(:ids AS uuid[]))
    ORDER BY r.id DESC, line.product_id
""")


async def find_reservations(
    session: AsyncSession, ids: Collection[UUID]
) -> dict[UUID, Reservation]:
    """Return these reservations, newest first, as they are at this moment."""
    rows = (await session.execute(_FIND, {"ids": list(ids)})).all()
    lines: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        lines.setdefault(row.id, []).append(row)
    return {key: _reservation(of_one) for key, of_one in lines.items()}


def _reservation(rows: Sequence[Row[Any]]) -> Reservation:
    first = rows[0]
    stored = Reservation(
        reservation_id=first.id,
        store_id=first.store_id,
        quantities={ProductId(row.product_id): row.quantity for row in rows},
        created_at=first.created_at,
        expires_at=first.expires_at,
        reference=first.reference,
        actor=first.actor,
        status=Status(first.status),
        is_held=first.status == Status.OPEN,
        version=first.version,
        closed_at=first.closed_at,
        sale_id=first.sale_id,
    )
    return stored.seen_at(first.instant)


_INSERT = text("""
    WITH inserted AS (
        INSERT INTO reservations (id, store_id, status, version, reference, actor, created_at,
            expires_at)
        VALUES (:id, :store_id, :status, :version, :reference, :actor, :created_at, :expires_at)
        ON CONFLICT DO NOTHING
        RETURNING id, store_id, expires_at
    )
    INSERT INTO reservation_lines (reservation_id, product_id, quantity, store_id, expires_at,
        is_held)
    SELECT inserted.id, line.product_id, line.quantity, inserted.store_id, inserted.expires_at, true
    FROM inserted, unnest(CAST(:product_ids AS int[]), CAST(:quantities AS bigint[]))
        AS line(product_id, quantity)
    RETURNING reservation_id
""")


async def insert_reservation(session: AsyncSession, reservation: Reservation) -> bool:
    """Write a new reservation; return False if its id is taken."""
    inserted = await session.execute(
        _INSERT,
        {
            "id": reservation.reservation_id,
            "store_id": reservation.store_id,
            "status": reservation.status.value,
            "version": reservation.version,
            "reference": reservation.reference,
            "actor": reservation.actor,
            "created_at": reservation.created_at,
            "expires_at": reservation.expires_at,
            "product_ids": list(reservation.quantities.keys()),
            "quantities": list(reservation.quantities.values()),
        },
    )
    return inserted.first() is not None


_CLOSE = text("""
    WITH closed AS (
        UPDATE reservations AS r
        SET status = n.status, version = n.version, closed_at = n.closed_at, sale_id = n.sale_id
        FROM unnest(CAST(:ids AS uuid[]), CAST(:statuses AS text[]), CAST(:versions AS int[]),
            CAST(:closed_at AS timestamptz[]), CAST(:sale_ids AS uuid[]))
            AS n(id, status, version, closed_at, sale_id)
        WHERE r.id = n.id
        RETURNING r.id
    )
    UPDATE reservation_lines SET is_held = false FROM closed WHERE reservation_id = closed.id
""")


async def close_reservations(session: AsyncSession, closed: Collection[Reservation]) -> None:
    """Write the end of reservations whose levels are locked."""
    if not closed:
        return
    await session.execute(
        _CLOSE,
        {
            "ids": [each.reservation_id for each in closed],
            "statuses": [each.status.value for each in closed],
            "versions": [each.version for each in closed],
            "closed_at": [each.closed_at for each in closed],
            "sale_ids": [each.sale_id for each in closed],
        },
    )


_FIND_PAST = text("""
    SELECT id FROM reservations WHERE status = 'open' AND expires_at <= clock_timestamp()
    ORDER BY expires_at LIMIT :limit
""")


async def find_past(session: AsyncSession, limit: int) -> list[UUID]:
    """Return reservations that have expired and are not closed, the oldest first."""
    return list((await session.execute(_FIND_PAST, {"limit": limit})).scalars())


_AFTER_ALL = UUID(int=2**128 - 1)
# What a reservation is told to be: an open one whose end has passed has expired.
_IS = {
    Status.OPEN: "r.status = 'open' AND r.expires_at > clock_timestamp()",
    Status.CONSUMED: "r.status = 'consumed'",
    Status.RELEASED: "r.status = 'released'",
    Status.EXPIRED: """(r.status = 'expired'
        OR r.status = 'open' AND r.expires_at <= clock_timestamp())""",
    None: "true",
}
_ALL = """
    SELECT r.id FROM reservations AS r WHERE r.id < :before AND {status}
    ORDER BY r.id DESC LIMIT :limit
"""
# A page of each store: the work grows with the stores. It is ordered by the columns of its index.
_PAGE_OF_STORES = """
    SELECT newest.id FROM {stores} AS reached(wanted) CROSS JOIN LATERAL ({page}) AS newest
    ORDER BY id DESC LIMIT :limit
"""
_GIVEN_STORES = "unnest(CAST(:store_ids AS int[]))"
_ALL_STORES = "(SELECT id FROM stores)"
_OF_STORE = """
    SELECT r.id FROM reservations AS r
    WHERE (r.store_id, r.id) < (wanted, CAST(:before AS uuid)) AND r.store_id >= wanted
        AND {status}
    ORDER BY r.store_id DESC, r.id DESC LIMIT :limit
"""
_OF_LEVEL = """
    SELECT r.id FROM reservation_lines AS line JOIN reservations AS r ON r.id = line.reservation_id
    WHERE line.store_id = wanted AND line.product_id = :product_id AND line.reservation_id < :before
        AND {status}
    ORDER BY line.reservation_id DESC LIMIT :limit
"""


def _list(status: str, *, has_stores: bool, has_product: bool) -> str:
    if not (has_stores or has_product):
        return _ALL.format(status=status)
    page = (_OF_LEVEL if has_product else _OF_STORE).format(status=status)
    return _PAGE_OF_STORES.format(stores=_GIVEN_STORES if has_stores else _ALL_STORES, page=page)


_LIST = {
    (status, has_stores, has_product): text(
        _list(condition, has_stores=has_stores, has_product=has_product)
    )
    for status, condition in _IS.items()
    for has_stores in (False, True)
    for has_product in (False, True)
}


async def list_reservations(
    session: AsyncSession,
    *,
    store_ids: Collection[int] | None,
    status: Status | None,
    product_id: ProductId | None,
    before: UUID | None,
    limit: int,
) -> list[Reservation]:
    """Return a page of reservations, newest first by their ids: of some stores or all."""
    given: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "product_id": product_id,
    }
    values = {name: value for name, value in given.items() if value is not None}
    statement = _LIST[status, "store_ids" in values, "product_id" in values]
    values |= {"before": before or _AFTER_ALL, "limit": limit}
    ids = list((await session.execute(statement, values)).scalars())
    return list((await find_reservations(session, ids)).values()) if ids else []
