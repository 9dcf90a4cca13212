"""Compares transfers with their movements, and requests with the transfers that fulfil them."""

from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.audit import Check, Slice

TRANSFERS_PER_SLICE = 200
REQUESTS_PER_SLICE = 500

# A difference is a movement of the receiver, too: what arrived is both of its kinds together.
_TRANSFERS = text("""
    WITH slice AS (
        SELECT id, number, from_store_id, to_store_id, status FROM transfers
        WHERE number > CAST(:number AS bigint) ORDER BY number LIMIT :count
    ), documents AS (
        SELECT id AS document_id, id AS transfer_id FROM slice
        UNION ALL
        SELECT r.id, r.transfer_id FROM transfer_receptions AS r
        JOIN slice ON slice.id = r.transfer_id
    ), moved AS (
        SELECT d.transfer_id, m.product_id,
            -sum(delta) FILTER (WHERE kind = 'transfer-out' AND store_id = from_store_id)
                AS shipped,
            sum(delta) FILTER (WHERE kind <> 'transfer-out' AND store_id = to_store_id)
                AS received,
            sum(delta) FILTER (WHERE kind = 'transfer-difference' AND store_id = to_store_id)
                AS difference
        FROM documents AS d JOIN movements AS m USING (document_id)
        JOIN slice ON slice.id = d.transfer_id
        WHERE m.kind IN ('transfer-out', 'transfer-in', 'transfer-difference')
        GROUP BY d.transfer_id, m.product_id
    )
    SELECT slice.number, slice.id, slice.status, l.product_id,
        ROW(l.shipped, l.received, l.difference)::text AS found,
        ROW(coalesce(moved.shipped, 0), coalesce(moved.received, 0),
            coalesce(moved.difference, 0))::text AS expected,
        CASE slice.status
            WHEN 'received' THEN l.shipped = l.quantity AND l.in_transit = 0
            WHEN 'shipped' THEN l.shipped = l.quantity
            ELSE l.shipped = 0 AND l.received = 0
        END AS fits
    FROM slice JOIN transfer_lines AS l ON l.transfer_id = slice.id
    LEFT JOIN moved ON moved.transfer_id = slice.id AND moved.product_id = l.product_id
    ORDER BY slice.number, l.product_id
""")
_LAST_OF_SLICE = text("""
    SELECT max(number) AS last, count(*) AS size FROM (
        SELECT number FROM transfers WHERE number > CAST(:number AS bigint)
        ORDER BY number LIMIT :count
    ) AS slice
""")


async def look_at_transfers(
    session: AsyncSession, position: Any | None, count: int = TRANSFERS_PER_SLICE
) -> Slice:
    """Find units that a transfer shipped, received or missed and the ledger did not, or otherwise.

    So shipped = received - difference + in transit, for each product of each transfer.
    """
    parameters = {"number": position or 0, "count": count}
    # A slice is as many transfers, and their lines may be many more rows.
    end = (await session.execute(_LAST_OF_SLICE, parameters)).one()
    rows = (await session.execute(_TRANSFERS, parameters)).all()
    differences = [
        f"transfer {row.id} is {row.status}, product {row.product_id}: "
        f"(shipped, received, difference) {row.found}, movements say {row.expected}"
        for row in rows
        if row.found != row.expected or not row.fits
    ]
    return Slice(differences, end.last if end.size == count else None)


_NEXT_TRANSFER = text("""
    SELECT number FROM transfers WHERE number > CAST(:number AS bigint) ORDER BY number LIMIT 1
""")


async def skip_transfer(session: AsyncSession, position: Any | None) -> Any | None:
    after = {"number": position or 0}
    return (await session.execute(_NEXT_TRANSFER, after)).scalar_one_or_none()


_REQUESTS = text("""
    WITH slice AS (
        SELECT * FROM replenishment_requests
        WHERE id > CAST(:id AS bigint) ORDER BY id LIMIT :count
    )
    SELECT r.id, r.status, count(l.*) AS lines,
        coalesce(bool_and(
            t.status = r.status AND t.to_store_id = r.store_id AND t.from_store_id = r.centre_id
            AND l.product_id = r.product_id AND l.shipped BETWEEN 1 AND r.quantity
        ), false) AS fits
    FROM slice AS r LEFT JOIN transfers AS t ON t.id = r.transfer_id
    LEFT JOIN transfer_lines AS l ON l.transfer_id = t.id
    GROUP BY r.id, r.status ORDER BY r.id
""")


async def look_at_requests(
    session: AsyncSession, position: Any | None, count: int = REQUESTS_PER_SLICE
) -> Slice:
    """Find fulfilled requests without exactly one fitting transfer, and others that have one."""
    parameters = {"id": position or 0, "count": count}
    rows = (await session.execute(_REQUESTS, parameters)).all()
    differences = [
        f"request {row.id} is {row.status}, with {row.lines} lines of its transfer"
        for row in rows
        if not (
            row.fits and row.lines == 1 if row.status in ("shipped", "received") else not row.lines
        )
    ]
    return Slice(differences, None if len(rows) < count else rows[-1].id)


_NEXT_REQUEST = text("""
    SELECT id FROM replenishment_requests WHERE id > CAST(:id AS bigint) ORDER BY id LIMIT 1
""")


async def skip_request(session: AsyncSession, position: Any | None) -> Any | None:
    after = {"id": position or 0}
    return (await session.execute(_NEXT_REQUEST, after)).scalar_one_or_none()


TRANSFER_CHECKS = (
    Check("transfers", look_at_transfers, partial(look_at_transfers, count=1), skip_transfer),
    Check("requests", look_at_requests, partial(look_at_requests, count=1), skip_request),
)
