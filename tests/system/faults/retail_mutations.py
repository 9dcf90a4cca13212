"""Mutations of what a shop does: discounts, payments, taxes, voids and returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text


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


RETAIL_MUTATIONS: dict[str, Callable[[], None]] = {
    "change": without_change,
    "largest-remainder": without_largest_remainder,
    "voids": without_voids,
    "rates-version": without_version_of_rates,
    "tax-remainder": without_remainder_of_taxes,
    "sale-lock": without_sale_lock,
    "reported-voids": without_reported_voids,
}
