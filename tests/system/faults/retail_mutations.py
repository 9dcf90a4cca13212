"""Mutations of what a shop does, from discounts to what an offline till sold."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.database.single_statement import autocommit

MOMENT_SECONDS = 1.0  # long enough that a fault meets an exchange, or a closing cash, within it


def without_change() -> None:
    """Let the sales service keep the change of whoever pays more than is due."""
    from sales_service.domain import ring_up
    from sales_service.domain.payments import Paid, pay

    def pay_without_change(*arguments: Any) -> Paid:
        return replace(pay(*arguments), change_cents=0)

    vars(ring_up)["pay"] = pay_without_change


def without_version_of_rates() -> None:
    """Let a sale be taxed by the rates that its process has read once."""
    from sales_service.db import sale_writing

    statement = sale_writing._WRITE_SALE
    as_read = f"CAST(${statement.names.index('rates_version') + 1} AS bigint)"
    statement.sql = statement.sql.replace(
        f"IS NOT DISTINCT FROM {as_read}", f"IS DISTINCT FROM least({as_read}, -1)"
    )


def without_remainder_of_taxes() -> None:
    """Let the cents that are left of a tax belong to no line."""
    from sales_service.domain import taxes

    def round_down(amount: int, weights: Sequence[int]) -> list[int]:
        return [amount * weight // (sum(weights) or 1) for weight in weights]

    vars(taxes)["apportion"] = round_down


def without_largest_remainder() -> None:
    """Round each line's share of a receipt's discount down, and forget the cents that are left."""
    from sales_service.domain import discounts

    def round_down(amount: int, weights: Sequence[int]) -> list[int]:
        return [amount * weight // max(sum(weights), 1) for weight in weights]

    vars(discounts)["apportion"] = round_down


def without_voids() -> None:
    """Let the stock pass over the voids of sales."""
    from stock_service.events import consumed

    voided = "sales.sale-voided.v1"
    del consumed.SALES_DECODERS[voided]
    consumed.IGNORED_OF_SALES |= {voided}


def without_sale_lock() -> None:
    """Let two returns of a sale be decided at once."""
    from sales_service.db import return_writing

    lock = str(return_writing._LOCK_SALE)
    return_writing._LOCK_SALE = text(lock.replace(" FOR UPDATE", ""))


def without_reported_voids() -> None:
    """Let the report pass over the voids of sales."""
    from report_service.consumers import sales_events
    from report_service.events.consumed import SaleVoided

    counts = sales_events._counts

    def counts_unless_voided(body: object) -> bool:
        return counts(body) and not isinstance(body, SaleVoided)

    vars(sales_events)["_counts"] = counts_unless_voided


def without_earlier_returns() -> None:
    """Let an exchange pass over what has come back of the sale before."""
    from sales_service.use_cases import record_exchange

    async def read_nothing(*_: Any) -> dict[int, Any]:
        return {}

    vars(record_exchange)["read_refunded"] = read_nothing


def without_one_transaction() -> None:
    """Let an exchange commit its return a moment before it writes its sale."""
    from sales_service.db.return_writing import write_return
    from sales_service.db.sale_writing import write_sale
    from sales_service.use_cases import record_exchange

    async def write_return_and_commit(session: AsyncSession, *arguments: Any) -> Any:
        returned = await write_return(session, *arguments)
        await session.commit()
        return returned

    async def leave(session: AsyncSession) -> Any:
        return session.bind

    async def write_sale_later(engine: AsyncEngine, *arguments: Any) -> Any:
        await asyncio.sleep(MOMENT_SECONDS)
        async with autocommit(engine) as connection:
            return await write_sale(connection, *arguments)

    vars(record_exchange)["write_return"] = write_return_and_commit
    vars(record_exchange)["within"] = leave
    vars(record_exchange)["write_sale"] = write_sale_later


def without_look_for_returns() -> None:
    """Let a till void a sale whose goods came back."""
    from sales_service.use_cases import void_sale

    async def has_none(*_: Any) -> bool:
        return False

    vars(void_sale)["has_returns"] = has_none


def without_offline_sales() -> None:
    """Let what a till sold offline be decided like a sale that it asks for."""
    from sales_service.api import sale_lots

    def leave(draft: Any, **_: Any) -> Any:
        return draft

    vars(sale_lots)["replace"] = leave


def without_marks() -> None:
    """Let a till have every right to what it sold offline."""
    from sales_service.api import sale_lots

    def may_all(*_: Any) -> bool:
        return True

    vars(sale_lots)["may"] = may_all


def without_return_key() -> None:
    """Let the report count every delivered return, also a known one."""
    from report_service.db import facts

    insert_new = facts.insert_new_returns

    async def insert_and_count_all(
        session: AsyncSession, returns: Sequence[facts.ReturnFact]
    ) -> set[UUID]:
        await insert_new(session, returns)
        return {each.return_id for each in returns}

    facts.insert_new_returns = insert_and_count_all
    lines = str(facts._INSERT_RETURN_LINES)
    facts._INSERT_RETURN_LINES = text(f"{lines} ON CONFLICT DO NOTHING")


def without_open_day() -> None:
    """Let a sale be recorded as its process knows the days of the store."""
    from sales_service.db import sale_writing

    statement = sale_writing._WRITE_SALE
    as_read = f"CAST(${statement.names.index('closed_through') + 1} AS date)"
    checked = f"AND closed_through IS NOT DISTINCT FROM {as_read}"
    assert checked in statement.sql
    statement.sql = statement.sql.replace(
        checked, f"AND coalesce({as_read}, '-infinity') <= 'infinity'"
    )


def without_key_of_cash() -> None:
    """Let each request for a movement of cash count as another one."""
    from sales_service.api import days

    for route in days.router.routes:
        if isinstance(route, APIRoute) and route.name == "post_cash_movement":
            route.endpoint = _with_other_keys(route.endpoint)


def _with_other_keys(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    async def call_again(*, keyed: Any, **more: Any) -> Any:
        return await endpoint(keyed=replace(keyed, key=str(uuid4())), **more)

    return call_again


def without_lock_of_cash() -> None:
    """Let cash move on a day that was open a moment before."""
    from sales_service.use_cases import move_cash

    lock = vars(move_cash)["lock_open_days"]

    async def look(session: AsyncSession, store_id: int, day: Any) -> Any:
        async with AsyncSession(session.bind) as other, other.begin():
            days = await lock(other, store_id, day)
        await asyncio.sleep(MOMENT_SECONDS)
        return days

    vars(move_cash)["lock_open_days"] = look


def without_reserved() -> None:
    """Let the stock decide on what is on hand, whatever is reserved of it."""
    from stock_service.domain.levels import LevelBook

    LevelBook.available = LevelBook.on_hand  # type: ignore[method-assign]


def without_freed_units() -> None:
    """Let a reservation that ends keep what it holds of the levels."""
    from stock_service.domain.levels import LevelBook

    def keep(*_: Any, **__: Any) -> None:
        return None

    LevelBook.free = keep  # type: ignore[method-assign]


def without_averages() -> None:
    """Let the newest cost of a product be its average cost."""
    from stock_service.domain import levels

    def replace_average(average: Any, _: int, __: int, unit_cost: Any) -> Any:
        return average if unit_cost is None else unit_cost

    vars(levels)["average_after"] = replace_average


RETAIL_MUTATIONS: dict[str, Callable[[], None]] = {
    "change": without_change,
    "largest-remainder": without_largest_remainder,
    "voids": without_voids,
    "rates-version": without_version_of_rates,
    "tax-remainder": without_remainder_of_taxes,
    "sale-lock": without_sale_lock,
    "reported-voids": without_reported_voids,
    "earlier-returns": without_earlier_returns,
    "one-transaction": without_one_transaction,
    "look-for-returns": without_look_for_returns,
    "offline-sales": without_offline_sales,
    "marks": without_marks,
    "reserved": without_reserved,
    "freed-units": without_freed_units,
    "return-key": without_return_key,
    "open-day": without_open_day,
    "averages": without_averages,
    "cash-key": without_key_of_cash,
    "cash-lock": without_lock_of_cash,
}
