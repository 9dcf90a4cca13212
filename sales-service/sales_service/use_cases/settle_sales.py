"""Settles pending sales as the stock decided; the first change of a status wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.db.sales import settle
from sales_service.domain.sale import MissingStock, Outcome, Sale, SaleId, SaleStatus
from sales_service.events.sale_events import confirmed, rejected
from sales_service.telemetry import count_decided, time_sagas
from service_kit.events.causes import Cause
from service_kit.events.outbox import OutgoingEvent, add_to_outbox


@dataclass(frozen=True, slots=True)
class StockDecision:
    """The stock's decision about a sale: it took all goods or none."""

    sale_id: SaleId
    missing: tuple[MissingStock, ...]
    cause: Cause
    reservation_fault: str | None = None

    @property
    def is_refusal(self) -> bool:
        return bool(self.missing) or self.reservation_fault is not None


async def settle_sales(session: AsyncSession, decisions: Sequence[StockDecision]) -> None:
    """Confirm or reject the sales that are still pending.

    A sale that was cancelled meanwhile stays cancelled; its `SaleCancelled` makes the stock put the
    goods back.
    """
    # A batch may have a redelivered decision twice; the first one counts.
    first = {decision.sale_id: decision for decision in reversed(decisions)}
    outcomes = {sale_id: _outcome(decision) for sale_id, decision in first.items()}
    decided_at = datetime.now(UTC)
    async for sales in settle(session, outcomes, decided_at):
        count_decided(session, sales)
        time_sagas(session, sales, decided_at)
        events = [_announce(sale, first[sale.id], decided_at) for sale in sales]
        await add_to_outbox(session, events)


def _outcome(decision: StockDecision) -> Outcome:
    status = SaleStatus.REJECTED if decision.is_refusal else SaleStatus.CONFIRMED
    return Outcome(status, decision.missing, reservation_fault=decision.reservation_fault)


def _announce(sale: Sale, decision: StockDecision, decided_at: datetime) -> OutgoingEvent:
    if decision.is_refusal:
        return rejected(sale, decision.missing, decided_at, decision.cause)
    return confirmed(sale, decided_at, decision.cause)
