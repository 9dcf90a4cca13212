"""The service's own metrics, each with the question that it answers."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from opentelemetry import metrics
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.returns import Return
from sales_service.domain.sale import Sale, SaleStatus
from service_kit.database.sessions import after_commit

# A large chain must not fill Prometheus: further stores share one series.
MOST_STORES = 200
OTHER_STORES = "other"

_meter = metrics.get_meter("sales_service")
_PRICES = _meter.create_counter(
    "prices_shown",
    description="How many products got the price that was planned for them when it had begun?",
)
_SALES = _meter.create_counter(
    "sales", description="How many sales reached each final status, by store and status?"
)
_REVENUE = _meter.create_counter(
    "sales_revenue",
    description="What were the confirmed sales worth, taxes included, by store and currency?",
)
_VOIDED_REVENUE = _meter.create_counter(
    "sales_voided_revenue",
    description="What were the voided sales worth, taxes included, by store and currency?",
)
_RETURNS = _meter.create_counter(
    "returns", description="How many returns were recorded, by the store that took the goods back?"
)
_REFUNDED = _meter.create_counter(
    "returns_refunded",
    description="What was refunded for them, taxes included, by store and currency?",
)
_DAYS_CLOSED = _meter.create_counter(
    "days_closed",
    description="How many days with documents were closed, by a person or by themselves?",
)
_DECISION = _meter.create_histogram(
    "saga_duration",
    unit="s",
    description="How long did a strict store's sale wait for its decision, by outcome?",
    explicit_bucket_boundaries_advisory=[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0],
)


class StoreLabels:
    """The labels of stores: the first `most` have one each, and all others share one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shown: set[int] = set()

    def label(self, store_id: int) -> str:
        if store_id not in self._shown and len(self._shown) >= self._most:
            return OTHER_STORES
        self._shown.add(store_id)
        return str(store_id)


_STORES = StoreLabels(MOST_STORES)
_BEGUN: set[tuple[str, str]] = set()  # the stores and currencies that `_begin_at_zero` knows


def count_begun_prices(session: AsyncSession, products: int) -> None:
    """Count products that show a begun price, when the session's transaction has committed."""
    # Also zero: a rate sees no rise of a counter that begins with its first price.
    after_commit(session, lambda: _PRICES.add(products))


def count_decided(session: AsyncSession, sales: Sequence[Sale]) -> None:
    """Count sales that the session's transaction decides, when it has committed."""
    # Without lines: until the commit, they would fill the memory.
    receipts = [replace(sale, lines=()) for sale in sales]
    after_commit(session, lambda: count_sales(receipts))


def time_sagas(session: AsyncSession, sales: Iterable[Sale], decided_at: datetime) -> None:
    """Record how long the sales were pending, when the session's transaction has committed."""
    seconds = [
        ((decided_at - sale.recorded_at).total_seconds(), {"outcome": sale.status.value})
        for sale in sales
    ]

    def record() -> None:
        for each, outcome in seconds:
            _DECISION.record(max(0.0, each), outcome)

    after_commit(session, record)


def count_sales(sales: Sequence[Sale]) -> None:
    """Count the final ones among these committed sales."""
    for sale in sales:
        if sale.status is SaleStatus.PENDING:
            continue
        store = _STORES.label(sale.store_id)
        _SALES.add(1, {"store": store, "status": sale.status.value})
        revenue = {"store": store, "currency": sale.currency}
        paid = sale.total_with_taxes_cents / 100
        if sale.status is SaleStatus.CONFIRMED:
            _REVENUE.add(paid, revenue)
            _begin_at_zero(store, sale.currency)
        elif sale.status is SaleStatus.VOIDED:
            _VOIDED_REVENUE.add(paid, revenue)


def _begin_at_zero(store: str, currency: str) -> None:
    """Show what a store gave back as nothing, before its first void or return.

    A rate sees no rise of a counter that begins with one.
    """
    if (store, currency) in _BEGUN:
        return
    _BEGUN.add((store, currency))
    for counter in (_VOIDED_REVENUE, _REFUNDED):
        counter.add(0, {"store": store, "currency": currency})


def count_return(returned: Return) -> None:
    """Count a committed return."""
    store = _STORES.label(returned.store_id)
    _RETURNS.add(1, {"store": store})
    refunded = returned.total_with_taxes_cents / 100
    _REFUNDED.add(refunded, {"store": store, "currency": returned.currency})


def count_closed_day(session: AsyncSession, *, is_automatic: bool) -> None:
    """Count a day that the session's transaction closes, when it has committed."""
    by = "itself" if is_automatic else "person"
    after_commit(session, lambda: _DAYS_CLOSED.add(1, {"by": by}))
