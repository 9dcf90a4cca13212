"""Takes what sales need from the stock, and puts back what cancelled sales took."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.outbox import OutgoingEvent, add_to_outbox
from stock_service.db.book import open_book, save_book
from stock_service.db.movements import find_withdrawn
from stock_service.db.sales import find_decisions, save_decisions
from stock_service.domain.levels import LevelKey, StoreId
from stock_service.domain.sales import (
    Cancellation,
    Decision,
    Outcome,
    Quantities,
    Reply,
    Sale,
    SaleDecider,
)
from stock_service.events.announcements import level_events, reply_event


@dataclass(frozen=True, slots=True)
class SaleChange:
    """One event about a sale, with its trace."""

    change: Sale | Cancellation
    traceparent: str | None


async def settle_sales(session: AsyncSession, changes: Sequence[SaleChange]) -> None:
    """Decide a batch in log order and write it with one statement per table.

    A sale that was decided before changes nothing. Its answer was written then and is not repeated.
    """
    decided = await find_decisions(session, {each.change.sale_id for each in changes})
    withdrawn = await find_withdrawn(session, _returnable(changes, decided))
    book = await open_book(session, _keys(changes, decided, withdrawn))
    decider = SaleDecider(book, decided, withdrawn)
    decided_at = datetime.now(UTC)
    replies: list[OutgoingEvent] = []
    traceparents: dict[StoreId, str | None] = {}
    for each in changes:
        moves_before = len(book.movements)
        reply = _settle(decider, each.change)
        if reply is not None:
            replies.append(reply_event(reply, decided_at, each.traceparent))
        if len(book.movements) > moves_before:
            # One event announces the store's levels: it joins the trace of the last sale.
            traceparents[each.change.store_id] = each.traceparent
    await save_book(session, book)
    await save_decisions(session, decider.decisions.values(), decided_at)
    await add_to_outbox(session, [*replies, *level_events(book, decided_at, traceparents)])


def _settle(decider: SaleDecider, change: Sale | Cancellation) -> Reply | None:
    if isinstance(change, Sale):
        return decider.withdraw(change)
    decider.take_back(change)
    return None


def _returnable(changes: Sequence[SaleChange], decided: Mapping[UUID, Decision]) -> set[UUID]:
    """Return the sales that took goods in an earlier batch and may return them in this one."""
    cancelled = {each.change.sale_id for each in changes if isinstance(each.change, Cancellation)}
    return {
        sale_id
        for sale_id in cancelled
        if sale_id in decided and decided[sale_id].outcome is Outcome.WITHDRAWN
    }


def _keys(
    changes: Sequence[SaleChange],
    decided: Mapping[UUID, Decision],
    withdrawn: Mapping[UUID, Quantities],
) -> Iterator[LevelKey]:
    """Yield every level that the batch can change."""
    for each in changes:
        if isinstance(each.change, Sale) and each.change.sale_id not in decided:
            for product_id in each.change.wanted:
                yield LevelKey(each.change.store_id, product_id)
    for sale_id, quantities in withdrawn.items():
        for product_id in quantities:
            yield LevelKey(decided[sale_id].store_id, product_id)
