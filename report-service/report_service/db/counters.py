"""Declares each counter once: the tables of sums that reports read.

The addition of a batch, the audit, the tables of a rebuild and the rebuild of one store-day derive
from this declaration.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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
    "last_sold_at": "timestamp with time zone",
    "last_name": "text",
    "last_category": "text",
}


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """A table of facts: how to join it with its sales, and its measures."""

    table: str
    joined: str
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


SALES = Facts(
    "sale_facts",
    """sale_facts AS sales CROSS JOIN LATERAL (
            SELECT sum(quantity) AS units, sum(amount_cents) AS amount_cents
            FROM sale_line_facts WHERE sale_id = sales.sale_id) AS lines""",
    {
        "sales_count": "count(*)",
        "units": "coalesce(sum(lines.units), 0)",
        "amount_cents": "sum(sales.total_cents)",
        "tax_cents": "sum(sales.tax_cents)",
    },
)
LINES = Facts(
    "sale_line_facts",
    "sale_facts AS sales JOIN sale_line_facts AS lines USING (sale_id)",
    {
        "receipts": "count(DISTINCT sale_id)",
        "units": "sum(lines.quantity)",
        "amount_cents": "sum(lines.amount_cents)",
    },
)
_OF_STORE = ("sales_count", "units", "amount_cents", "tax_cents")
_OF_PRODUCT = ("receipts", "units", "amount_cents")
_LABELS = ("last_sold_at", "last_name", "last_category")

STORE_DAYS = Counter("store_days", ("business_date", "store_id"), _OF_STORE, SALES)
STORE_MONTHS = Counter("store_months", ("month", "store_id"), _OF_STORE, STORE_DAYS)
STORE_TOTALS = Counter("store_totals", ("store_id",), _OF_STORE, STORE_MONTHS)
CHAIN_DAYS = Counter("chain_days", ("business_date", STRIPE), _OF_STORE, STORE_DAYS)
PRODUCT_DAYS = Counter("product_days", ("business_date", "product_id"), _OF_PRODUCT, LINES)
PRODUCT_MONTHS = Counter("product_months", ("month", "product_id"), _OF_PRODUCT, PRODUCT_DAYS)
PRODUCT_TOTALS = Counter("product_totals", ("product_id",), _OF_PRODUCT, PRODUCT_MONTHS, _LABELS)

# A counter stands after the one that it is summed from.
COUNTERS = (
    STORE_DAYS,
    STORE_MONTHS,
    STORE_TOTALS,
    CHAIN_DAYS,
    PRODUCT_DAYS,
    PRODUCT_MONTHS,
    PRODUCT_TOTALS,
)
