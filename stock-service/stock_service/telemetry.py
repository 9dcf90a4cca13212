"""The service's own metrics, each with the question that it answers."""

from collections.abc import Iterable, Mapping

from opentelemetry import metrics
from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.database.sessions import after_commit
from stock_service.domain.alerts import Alert, AlertKind

_meter = metrics.get_meter("stock_service")
_TURNED = _meter.create_counter(
    "stock_alerts", description="How many alerts about levels opened, and how many closed, by kind?"
)
_OPEN = _meter.create_gauge(
    "stock_alerts_open", description="How many alerts about levels are open, by kind?"
)


def count_turned(session: AsyncSession, alerts: Iterable[Alert]) -> None:
    """Count alerts that have opened or closed, when the session's transaction has committed."""
    labels = [
        {"kind": alert.kind.value, "change": "opened" if alert.is_open else "closed"}
        for alert in alerts
    ]

    def count() -> None:
        for each in labels:
            _TURNED.add(1, each)

    after_commit(session, count)


def show_open(counts: Mapping[AlertKind, int]) -> None:
    """Show how many alerts are open; a kind that is missing has none."""
    for kind in AlertKind:
        _OPEN.set(counts.get(kind, 0), {"kind": kind.value})
