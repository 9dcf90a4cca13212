"""SQL that lists sales page by page; each combination of filters reads from an index."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.sales import MOST_LINES_READ, SALE_COLUMNS, with_lines
from sales_service.domain.sale import Sale, SaleStatus


@dataclass(frozen=True, slots=True)
class SalesPage:
    """Sales with their lines, newest first, and whether older ones follow."""

    sales: Sequence[Sale]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFilter:
    """What the sales of a list have in common. A number needs the store that gave it."""

    number: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    register_id: str | None = None
    statuses: tuple[SaleStatus, ...] | None = None
    product_id: int | None = None

    def given(self) -> dict[str, Any]:
        """Return the values that are filtered by."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


ALL = SaleFilter()
_CONDITIONS = {
    "number": "number = :number",
    "first_day": "business_date >= :first_day",
    "last_day": "business_date <= :last_day",
    "register_id": "register_id = :register_id",
    "statuses": "status = ANY(CAST(:statuses AS text[]))",
    "product_id": """EXISTS (
        SELECT FROM sale_lines WHERE sale_id = sales.id AND product_id = :product_id
    )""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The index that a list is read from: its columns between store and id, and their values."""

    columns: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    # The filters that the bounds are of. Said twice, they would make the planner expect few rows,
    # and sort them.
    bounded: frozenset[str] = frozenset()
    # What the index says of its rows.
    conditions: tuple[str, ...] = ()
    # What a page is read of in each store, beside the store: values that the bounds name.
    parts: str = ""

    @property
    def bounds(self) -> list[str]:
        """Return the conditions on the index, of which `wanted` is a store.

        Rows are compared, though the columns are equal to the values: PostgreSQL would choose the
        primary key for an order by id, and read the sales of all stores for the page of a small
        one.
        """
        index, values = ", ".join(["store_id", *self.columns]), ", ".join(["wanted", *self.values])
        return [
            f"({index}, id) < ({values}, CAST(:before AS uuid))",
            f"({index}) >= ({values})",
            *self.conditions,
        ]


class DayOrder(Order):
    """The order of a period: by business date, then by id.

    Only one index has it, so that the store may be an equality. With bounds of rows PostgreSQL
    would expect few sales in a store, and sort what another index finds.
    """

    @property
    def bounds(self) -> list[str]:
        return [
            "store_id = wanted",
            "(business_date, id) < ((SELECT day FROM begins), CAST(:before AS uuid))",
            "business_date >= :first_day",
        ]


BY_STORE = Order()
BY_DAY = DayOrder(columns=("business_date",), bounded=frozenset({"first_day", "last_day"}))
BY_REGISTER = Order(
    columns=("register_id",),
    values=(":register_id",),
    bounded=frozenset({"register_id"}),
    conditions=("register_id IS NOT NULL",),
)
BY_OUTCOME = Order(
    columns=("status",),
    values=("outcome",),
    bounded=frozenset({"statuses"}),
    conditions=("status <> 'confirmed'",),
    parts="CROSS JOIN unnest(CAST(:statuses AS text[])) AS outcomes(outcome)",
)


# A page within a period is by business date, then id: it begins at that of the sale before it.
_BEGINS = """WITH begins AS (
    SELECT coalesce(
        (SELECT least(business_date, :last_day) FROM sales WHERE id = :before), :last_day
    ) AS day
)"""
_AFTER_ALL = UUID(int=2**128 - 1)


async def list_sales(
    session: AsyncSession,
    store_ids: Collection[int] | None,
    before: UUID | None,
    limit: int,
    wanted: SaleFilter = ALL,
) -> SalesPage:
    """Return a page of sales, of some stores or all, after the sale `before`.

    It has `limit` sales, or as many as have `MOST_LINES_READ` lines. They are newest first by their
    ids; in a period by their business dates, then by their ids.
    """
    given = wanted.given()
    order = _choose(given)
    statement = _compose(order, frozenset(given), has_stores=store_ids is not None)
    values = given | {"before": before or _AFTER_ALL, "limit": limit + 1}
    if order is BY_DAY:
        values = {"first_day": date.min, "last_day": date.max} | values
    if store_ids is not None:
        values["store_ids"] = sorted(store_ids)
    found = (await session.execute(statement, values)).all()
    rows = found[:limit]
    if order is BY_DAY:
        sales = await _with_lines_by_day(session, rows)
    else:
        sales = await with_lines(session, rows)
    return SalesPage(sales, has_more=len(sales) < len(found))


def _choose(given: dict[str, Any]) -> Order:
    if "first_day" in given or "last_day" in given:
        return BY_DAY
    if "register_id" in given:
        return BY_REGISTER
    if "statuses" in given and SaleStatus.CONFIRMED not in given["statuses"]:
        return BY_OUTCOME
    return BY_STORE


@cache
def _compose(order: Order, names: frozenset[str], *, has_stores: bool) -> TextClause:
    if "number" in names:
        conditions = _conditions(names)
        return text(_page(["store_id = ANY(CAST(:store_ids AS int[]))", *conditions]))
    if order is BY_STORE and not has_stores:
        return text(_page(_conditions(names)))
    conditions = _conditions(names - order.bounded)
    return text(_page_of_stores(order, conditions, has_stores=has_stores))


def _conditions(names: Collection[str]) -> list[str]:
    return [condition for name, condition in _CONDITIONS.items() if name in names]


def _page(conditions: Sequence[str]) -> str:
    where = " AND ".join(["id < :before", *conditions])
    return f"SELECT {SALE_COLUMNS} FROM sales WHERE {where} ORDER BY id DESC LIMIT :limit"


def _page_of_stores(order: Order, conditions: Sequence[str], *, has_stores: bool) -> str:
    """Return a statement that reads a page of each store, and of these pages the newest sales.

    The work grows with the stores, not with their sales. A store's page has only columns of its
    index, in their order: for others PostgreSQL may choose another index, and read all sales of the
    store. The other columns are read of the newest sales alone.
    """
    index = ["business_date"] if order is BY_DAY else ["store_id", *order.columns]
    newest_first = "business_date DESC, id DESC" if order is BY_DAY else "id DESC"
    stores = "unnest(CAST(:store_ids AS int[]))" if has_stores else "(SELECT id FROM stores)"
    return f"""
        {_BEGINS if order is BY_DAY else ""}
        SELECT {SALE_COLUMNS} FROM (
            SELECT newest.id FROM {stores} AS reached(wanted) {order.parts}
            CROSS JOIN LATERAL (
                SELECT {", ".join([*order.columns, "id"])} FROM sales
                WHERE {" AND ".join([*order.bounds, *conditions])}
                ORDER BY {", ".join(f"{each} DESC" for each in [*index, "id"])} LIMIT :limit
            ) AS newest ORDER BY {newest_first} LIMIT :limit
        ) AS page JOIN sales USING (id) ORDER BY {newest_first}
    """


_COUNT_LINES = text("""
    SELECT sale_id, count(*) AS lines FROM sale_lines
    WHERE sale_id = ANY(CAST(:ids AS uuid[])) GROUP BY sale_id
""")


async def _with_lines_by_day(session: AsyncSession, rows: Sequence[Row[Any]]) -> list[Sale]:
    """Return the first of these sales with their lines; `rows` are not in the order of ids."""
    counted = await session.execute(_COUNT_LINES, {"ids": [row.id for row in rows]})
    lines_of = {row.sale_id: row.lines for row in counted}
    kept: list[Row[Any]] = []
    lines = 0
    for row in rows:
        lines += lines_of.get(row.id, 0)
        if lines >= MOST_LINES_READ:
            break
        kept.append(row)
    by_id = sorted(kept, key=lambda row: row.id, reverse=True)
    sales = {sale.id: sale for sale in await with_lines(session, by_id)}
    return [sales[row.id] for row in kept]
