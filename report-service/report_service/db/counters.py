"""Declares each counter once: the tables of sums that reports read.

The addition of a batch, the audit, the tables of a rebuild and the rebuild of one store-day derive
from this declaration.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from report_service.db.fact_rows import (
    DOCUMENT_ROWS,
    LATE_ROWS,
    LINE_ROWS,
    PAYMENT_ROWS,
    TAX_ROWS,
)

# A stripe separates the writers of one row. It is no part of what the row counts.
STRIPE = "stripe"
# A column without a type here is a bigint, as all measures are.
COLUMN_TYPES = {
    "business_date": "date",
    "month": "date",
    "store_id": "integer",
    "product_id": "integer",
    "local_hour": "smallint",
    STRIPE: "smallint",
    "method": "text",
    "code": "text",
    "last_sold_at": "timestamp with time zone",
    "last_name": "text",
    "last_category": "text",
}


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Rows of the tables of facts, as SELECTs without a condition, and the measures of the rows."""

    rows: tuple[str, ...]
    measures: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Counter:
    """A table with a row for each value of `key` and a column for each of `measures`.

    The rows of `summed_from` add up to the rows of the counter. `latest` are the columns that the
    latest sale sets: its instant, then its labels.
    """

    table: str
    key: tuple[str, ...]
    measures: tuple[str, ...]
    summed_from: "Facts | Counter"
    latest: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.key, *self.measures, *self.latest)

    @property
    def key_without_stripe(self) -> tuple[str, ...]:
        return tuple(column for column in self.key if column != STRIPE)


_OF_STORE = (
    *("sales_count", "units", "amount_cents", "tax_cents", "discount_cents"),
    *("returns_count", "returned_cents", "voids_count", "voided_cents", "cash_rounding_cents"),
)
_OF_CHAIN = ("sales_count", "units", "amount_cents", "tax_cents")
_OF_PRODUCT = ("receipts", "units", "amount_cents")
_AMOUNT = ("amount_cents",)
_LABELS = ("last_sold_at", "last_name", "last_category")

DOCUMENTS = Facts(
    DOCUMENT_ROWS,
    # A document whose lines are lost has no units.
    {name: f"sum({name})" for name in _OF_STORE} | {"units": "coalesce(sum(units), 0)"},
)
LATE_DOCUMENTS = Facts(LATE_ROWS, DOCUMENTS.measures)
LINES = Facts(
    LINE_ROWS,
    {
        "receipts": "count(DISTINCT sold) - count(DISTINCT voided)",
        "units": "sum(units)",
        "amount_cents": "sum(amount_cents)",
    },
)
PAYMENTS = Facts(PAYMENT_ROWS, {"amount_cents": "sum(amount_cents)"})
TAXES = Facts(TAX_ROWS, {"amount_cents": "sum(amount_cents)"})

STORE_DAYS = Counter("store_days", ("business_date", "store_id"), _OF_STORE, DOCUMENTS)
# What the closing of a day did not know: the figures of the day are those it sealed and these.
LATE_DAYS = Counter("late_days", ("business_date", "store_id"), _OF_STORE, LATE_DOCUMENTS)
STORE_MONTHS = Counter("store_months", ("month", "store_id"), _OF_STORE, STORE_DAYS)
STORE_TOTALS = Counter("store_totals", ("store_id",), _OF_STORE, STORE_MONTHS)
CHAIN_DAYS = Counter("chain_days", ("business_date", STRIPE), _OF_CHAIN, STORE_DAYS)
PRODUCT_DAYS = Counter("product_days", ("business_date", "product_id"), _OF_PRODUCT, LINES)
PRODUCT_MONTHS = Counter("product_months", ("month", "product_id"), _OF_PRODUCT, PRODUCT_DAYS)
PRODUCT_TOTALS = Counter("product_totals", ("product_id",), _OF_PRODUCT, PRODUCT_MONTHS, _LABELS)
PAYMENT_DAYS = Counter("payment_days", ("business_date", "store_id", "method"), _AMOUNT, PAYMENTS)
PAYMENT_MONTHS = Counter("payment_months", ("month", "store_id", "method"), _AMOUNT, PAYMENT_DAYS)
PAYMENT_TOTALS = Counter("payment_totals", ("store_id", "method"), _AMOUNT, PAYMENT_MONTHS)
TAX_DAYS = Counter("tax_days", ("business_date", "store_id", "code"), _AMOUNT, TAXES)
TAX_MONTHS = Counter("tax_months", ("month", "store_id", "code"), _AMOUNT, TAX_DAYS)
TAX_TOTALS = Counter("tax_totals", ("store_id", "code"), _AMOUNT, TAX_MONTHS)

# A counter stands after the one that it is summed from.
COUNTERS = (
    *(STORE_DAYS, LATE_DAYS, STORE_MONTHS, STORE_TOTALS, CHAIN_DAYS),
    *(PRODUCT_DAYS, PRODUCT_MONTHS, PRODUCT_TOTALS),
    *(PAYMENT_DAYS, PAYMENT_MONTHS, PAYMENT_TOTALS),
    *(TAX_DAYS, TAX_MONTHS, TAX_TOTALS),
)
