"""SQL that lists returns page by page, and sums what came back of a sale."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.returns import RETURN_COLUMNS, with_lines
from sales_service.domain.returns import Return


@dataclass(frozen=True, slots=True)
class ReturnsPage:
    """Returns with their lines, newest first, and whether older ones follow."""

    returns: Sequence[Return]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFilter:
    """What the returns of a list have in common."""

    sale_id: UUID | None = None
    number: str | None = None
    first_day: date | None = None
    last_day: date | None = None

    @property
    def has_period(self) -> bool:
        return self.first_day is not None or self.last_day is not None


_ALL = text(f"""
    SELECT {RETURN_COLUMNS} FROM returns WHERE id < :before ORDER BY id DESC LIMIT :limit
""")
# A page of each store: the work grows with the stores, not with their returns. It has only columns
# of its index, in their order, so that PostgreSQL reads no other.
_PAGE_OF_STORES = f"""
    {{begins}} SELECT {RETURN_COLUMNS} FROM (
        SELECT newest.id FROM {{stores}} AS reached(wanted)
        CROSS JOIN LATERAL ({{page}}) AS newest ORDER BY {{order}} LIMIT :limit
    ) AS page JOIN returns USING (id) ORDER BY {{order}}
"""
_GIVEN_STORES = "unnest(CAST(:store_ids AS int[]))"
_ALL_STORES = "(SELECT id FROM stores)"
_BEGINS = """WITH begins AS (
    SELECT coalesce(
        (SELECT least(business_date, :last_day) FROM returns WHERE id = :before), :last_day
    ) AS day
)"""
_PAGE_BY_ID = """
    SELECT id FROM returns
    WHERE (store_id, id) < (wanted, CAST(:before AS uuid)) AND store_id >= wanted
    ORDER BY store_id DESC, id DESC LIMIT :limit
"""
_PAGE_BY_DAY = """
    SELECT business_date, id FROM returns
    WHERE store_id = wanted AND business_date >= :first_day
        AND (business_date, id) < ((SELECT day FROM begins), CAST(:before AS uuid))
    ORDER BY business_date DESC, id DESC LIMIT :limit
"""
_BY_ID = text(
    _PAGE_OF_STORES.format(begins="", stores=_GIVEN_STORES, page=_PAGE_BY_ID, order="id DESC")
)
_DAYS_FIRST = "business_date DESC, id DESC"
_BY_DAY = text(
    _PAGE_OF_STORES.format(
        begins=_BEGINS, stores=_GIVEN_STORES, page=_PAGE_BY_DAY, order=_DAYS_FIRST
    )
)
_ALL_BY_DAY = text(
    _PAGE_OF_STORES.format(begins=_BEGINS, stores=_ALL_STORES, page=_PAGE_BY_DAY, order=_DAYS_FIRST)
)
# One number has one return, and one sale few.
_FEW = f"""
    SELECT {RETURN_COLUMNS} FROM returns
    WHERE {{key}} AND id < :before
        AND (CAST(:store_ids AS int[]) IS NULL OR store_id = ANY(CAST(:store_ids AS int[])))
        AND (CAST(:sale_id AS uuid) IS NULL OR sale_id = :sale_id)
        AND business_date BETWEEN :first_day AND :last_day
    ORDER BY id DESC LIMIT :limit
"""
_OF_NUMBER = text(_FEW.format(key="store_id = ANY(CAST(:store_ids AS int[])) AND number = :number"))
_OF_SALE = text(_FEW.format(key="sale_id = CAST(:sale_id AS uuid)"))
_AFTER_ALL = UUID(int=2**128 - 1)


async def list_returns(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    before: UUID | None,
    limit: int,
    wanted: ReturnFilter,
) -> ReturnsPage:
    """Return a page of the returns that some stores or all took, after the return `before`.

    They are newest first by their ids; in a period by their business dates, then by their ids. A
    number needs the store that gave it.
    """
    values: dict[str, Any] = {
        "store_ids": None if store_ids is None else sorted(store_ids),
        "before": before or _AFTER_ALL,
        "limit": limit + 1,
        "sale_id": wanted.sale_id,
        "number": wanted.number,
        "first_day": wanted.first_day or date.min,
        "last_day": wanted.last_day or date.max,
    }
    found = (await session.execute(_choose(wanted, has_stores=store_ids is not None), values)).all()
    returns = await with_lines(session, found[:limit])
    return ReturnsPage(returns, has_more=len(returns) < len(found))


def _choose(wanted: ReturnFilter, *, has_stores: bool) -> TextClause:
    if wanted.number is not None:
        return _OF_NUMBER
    if wanted.sale_id is not None:
        return _OF_SALE
    if wanted.has_period:
        return _BY_DAY if has_stores else _ALL_BY_DAY
    return _BY_ID if has_stores else _ALL


_RETURNED_UNITS = text("""
    SELECT sale_line_no, sum(quantity) AS units
    FROM returns JOIN return_lines ON return_id = returns.id
    WHERE sale_id = :sale_id GROUP BY sale_line_no
""")


async def count_returned_units(session: AsyncSession, sale_id: UUID) -> dict[int, int]:
    """Return how many units of each line of a sale have come back."""
    rows = await session.execute(_RETURNED_UNITS, {"sale_id": sale_id})
    return {row.sale_line_no: row.units for row in rows}
