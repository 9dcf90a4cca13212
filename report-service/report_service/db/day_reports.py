"""Reads the days of stores, each with its closing and with what came after it."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from report_service.db.report_documents import document_of, read_document
from report_service.db.report_rows import DayReport

_OF_PERIOD = "business_date BETWEEN :start AND :end"
_OF_STORE = f"{_OF_PERIOD} AND store_id = :store_id"
# A closing may be of a day without documents, on which only cash moved. Days close in order, so a
# later closing tells that a day is closed that has none: it had no documents, or is an old one.
_DAYS = """
    SELECT store_id, name AS store, business_date, row_to_json(d) AS counted,
        row_to_json(l) AS late, row_to_json(c) AS closing,
        c.closed_at IS NOT NULL OR l.sales_count IS NOT NULL OR EXISTS (
            SELECT FROM closed_days AS later
            WHERE later.store_id = coalesce(d.store_id, c.store_id)
                AND later.business_date > coalesce(d.business_date, c.business_date)
        ) AS is_closed
    FROM (SELECT * FROM store_days WHERE {condition}) AS d
    LEFT JOIN (SELECT * FROM late_days WHERE {condition}) AS l USING (business_date, store_id)
    FULL JOIN (SELECT * FROM closed_days WHERE {condition}) AS c USING (business_date, store_id)
    LEFT JOIN stores USING (store_id)
    ORDER BY business_date, store_id
"""
_READ = document_of(days=_DAYS.format(condition=_OF_PERIOD))
_READ_STORE = document_of(days=_DAYS.format(condition=_OF_STORE))


async def read_day_report(
    session: AsyncSession, start: date, end: date, store_id: int | None
) -> DayReport:
    """Read the days of all stores, or of one, from `start` to `end`, both included."""
    period = {"start": start, "end": end}
    if store_id is None:
        return await read_document(session, _READ, period, DayReport)
    return await read_document(session, _READ_STORE, period | {"store_id": store_id}, DayReport)
