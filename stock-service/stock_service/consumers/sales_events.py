"""Applies recorded, cancelled and voided sales, returns and declared levels to the stock."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.cloud_events import Event, PoisonMessage, Subscription
from stock_service.domain.declarations import Declaration
from stock_service.domain.errors import StockError
from stock_service.domain.levels import Kind, LevelKey, ProductId
from stock_service.domain.returns import Return
from stock_service.domain.sales import Cancellation, Sale
from stock_service.events.consumed import (
    IGNORED_OF_SALES,
    SALES_DECODERS,
    LevelDeclared,
    ReturnRecorded,
    SaleCancelled,
    SaleRecorded,
    SaleVoided,
)
from stock_service.events.topics import SALES_TOPIC
from stock_service.use_cases.settle_sales import Change, settle_sales

# By policy and status: True if the sale waits for the stock's decision.
IS_CONDITIONAL = {("strict", "pending"): True, ("permissive", "confirmed"): False}

Body = SaleRecorded | SaleCancelled | SaleVoided | ReturnRecorded | LevelDeclared


async def apply(session: AsyncSession, events: Sequence[Event[Body]]) -> None:
    try:
        changes = [Change(_read(event.body, event.actor), event.cause) for event in events]
        await settle_sales(session, changes)
    except StockError as error:
        raise PoisonMessage(str(error)) from error


def _read(body: Body, actor: str | None) -> Sale | Cancellation | Return | Declaration:
    if isinstance(body, LevelDeclared):
        key = LevelKey(body.store_id, body.product_id)
        kind = Kind(body.kind)
        return Declaration(body.declaration_id, key, kind, body.quantity, body.declared_at, actor)
    if isinstance(body, SaleCancelled):
        return Cancellation(body.sale_id, body.store_id, body.decided_at, actor)
    if isinstance(body, SaleVoided):
        return Cancellation(body.sale_id, body.store_id, body.voided_at, actor)
    if isinstance(body, ReturnRecorded):
        return _read_return(body, actor)
    is_conditional = IS_CONDITIONAL.get((body.stock_policy, body.status))
    if is_conditional is None:
        raise PoisonMessage(
            f"sale {body.sale_id}: no rule for a {body.status!r} sale under the stock policy "
            f"{body.stock_policy!r}"
        )
    wanted: Counter[ProductId] = Counter()
    for line in body.lines:
        wanted[line.product_id] += line.quantity
    return Sale(
        sale_id=body.sale_id,
        store_id=body.store_id,
        sold_at=body.happened_at,
        wanted=wanted,
        is_conditional=is_conditional,
        actor=actor,
        reservation_id=body.reservation_id,
    )


def _read_return(body: ReturnRecorded, actor: str | None) -> Return:
    quantities: Counter[ProductId] = Counter()
    unfit: Counter[ProductId] = Counter()
    for line in body.lines:
        quantities[line.product_id] += line.quantity
        if not line.is_restocked:
            unfit[line.product_id] += line.quantity
    return Return(
        return_id=body.return_id,
        store_id=body.store_id,
        returned_at=body.returned_at,
        quantities=quantities,
        unfit=unfit,
        reason=body.reason,
        actor=actor,
    )


SUBSCRIPTION = Subscription(SALES_TOPIC, SALES_DECODERS, apply, IGNORED_OF_SALES)
