"""The service's own metrics, each with the question that it answers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.domain.sale import Sale, SaleStatus
from service_kit.database.sessions import after_commit

# Each store has a series of its own; further stores share one, so that a large chain stays bounded.
MOST_STORES = 200
OTHER_STORES = "other"

_meter = metrics.get_meter("sales_service")
# Read at a scrape, because a counter of the SDK costs more at each sale.
_sales: defaultdict[tuple[str, str], int] = defaultdict(int)
_revenue_cents: defaultdict[tuple[str, str], int] = defaultdict(int)


def _observe_sales(_: CallbackOptions) -> Iterable[Observation]:
    for (store, status), count in list(_sales.items()):
        yield Observation(count, {"store": store, "status": status})


def _observe_revenue(_: CallbackOptions) -> Iterable[Observation]:
    for (store, currency), cents in list(_revenue_cents.items()):
        yield Observation(cents / 100, {"store": store, "currency": currency})


_meter.create_observable_counter(
    "sales",
    [_observe_sales],
    description="How many sales were decided, by store and status?",
)
_meter.create_observable_counter(
    "sales_revenue",
    [_observe_revenue],
    description="What were the confirmed sales worth, taxes included, by store and currency?",
)
_DECISION = _meter.create_histogram(
    "saga_duration",
    unit="s",
    description="How long did a strict store's sale wait for its decision, by outcome?",
    explicit_bucket_boundaries_advisory=[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0],
)
_shown_stores: set[int] = set()


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
        store = _label(sale.store_id)
        _sales[store, sale.status.value] += 1
        if sale.status is SaleStatus.CONFIRMED:
            _revenue_cents[store, sale.currency] += sale.total_cents


def _label(store_id: int) -> str:
    if store_id not in _shown_stores and len(_shown_stores) >= MOST_STORES:
        return OTHER_STORES
    _shown_stores.add(store_id)
    return str(store_id)
