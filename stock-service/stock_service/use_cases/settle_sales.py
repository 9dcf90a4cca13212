"""Applies sales, cancelled sales, returns and declared levels to the stock."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import Cause
from service_kit.events.outbox import OutgoingEvent, add_to_outbox
from stock_service.db.book import open_book, save_book
from stock_service.db.declarations import find_applied, save_applied
from stock_service.db.movements import find_withdrawn
from stock_service.db.reservations import close_reservations, find_reservations
from stock_service.db.returns import find_taken_back
from stock_service.db.sales import find_decisions, save_decisions
from stock_service.domain.declarations import (
    AppliedDeclaration,
    Declaration,
    apply_declaration,
)
from stock_service.domain.levels import LevelKey, StoreId
from stock_service.domain.reservations import Reservation, ReservationBook
from stock_service.domain.returns import Return, take_goods_back
from stock_service.domain.sales import (
    Cancellation,
    Decision,
    Outcome,
    Quantities,
    Reply,
    Sale,
    SaleDecider,
)
from stock_service.events.announcements import level_events, reply_event, reservation_event


@dataclass(frozen=True, slots=True)
class Change:
    """What one event does to the stock, and its cause."""

    change: Sale | Cancellation | Return | Declaration
    cause: Cause

    @property
    def store_id(self) -> StoreId:
        change = self.change
        return change.key.store_id if isinstance(change, Declaration) else change.store_id


async def settle_sales(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Decide a batch in log order and write it with one statement per table.

    A sale that was decided before changes nothing. Its answer was written then and is not repeated.
    Neither does a return or a declaration that was applied before.
    """
    sale_changes = [
        each.change for each in changes if isinstance(each.change, (Sale, Cancellation))
    ]
    decided = await find_decisions(session, {change.sale_id for change in sale_changes})
    withdrawn = await find_withdrawn(session, _returnable(sale_changes, decided))
    applied = await _find_applied(session, changes)
    taken_back = await _find_taken_back(session, changes)
    named = {
        change.reservation_id: change.store_id
        for change in sale_changes
        if isinstance(change, Sale) and change.reservation_id and change.sale_id not in decided
    }
    found = await find_reservations(session, named) if named else {}
    keys = {
        *_keys(changes, decided, withdrawn, applied | taken_back),
        *_reserved_keys(named, found),
    }
    book = await open_book(session, keys, found or None)
    reservations = ReservationBook(book, found)
    decider = SaleDecider(book, decided, withdrawn, reservations)
    decided_at = datetime.now(UTC)
    replies: list[OutgoingEvent] = []
    declared: dict[UUID, AppliedDeclaration] = {}
    causes: dict[StoreId, Cause] = {}
    for each in changes:
        moves_before = len(book.movements)
        consumed_before = len(reservations.consumed)
        if isinstance(each.change, Declaration):
            if each.change.declaration_id not in applied | declared.keys():
                declared[each.change.declaration_id] = apply_declaration(book, each.change)
        elif isinstance(each.change, Return):
            if each.change.return_id not in taken_back:
                take_goods_back(book, each.change)
                taken_back.add(each.change.return_id)
        elif reply := _settle(decider, each.change):
            replies.append(reply_event(reply, decided_at, each.cause))
        if len(reservations.consumed) > consumed_before:
            consumed = next(reversed(reservations.consumed.values()))
            replies.append(reservation_event(consumed, each.cause))
        if len(book.movements) > moves_before:
            # One event announces the store's levels: its cause is that of the last change.
            causes[each.store_id] = each.cause
    alerts = await save_book(session, book)
    await save_decisions(session, decider.decisions.values(), decided_at)
    await close_reservations(session, list(reservations.consumed.values()))
    if declared:
        await save_applied(session, list(declared.values()))
    levels = level_events(book, alerts, decided_at, causes)
    await add_to_outbox(session, [*replies, *levels])


async def _find_applied(session: AsyncSession, changes: Sequence[Change]) -> set[UUID]:
    ids = {each.change.declaration_id for each in changes if isinstance(each.change, Declaration)}
    return await find_applied(session, ids) if ids else set()


async def _find_taken_back(session: AsyncSession, changes: Sequence[Change]) -> set[UUID]:
    ids = {each.change.return_id for each in changes if isinstance(each.change, Return)}
    return await find_taken_back(session, ids)


def _settle(decider: SaleDecider, change: Sale | Cancellation) -> Reply | None:
    if isinstance(change, Sale):
        return decider.withdraw(change)
    decider.take_back(change)
    return None


def _returnable(
    changes: Sequence[Sale | Cancellation], decided: Mapping[UUID, Decision]
) -> set[UUID]:
    """Return the sales that took goods in an earlier batch and may return them in this one."""
    cancelled = {change.sale_id for change in changes if isinstance(change, Cancellation)}
    return {
        sale_id
        for sale_id in cancelled
        if sale_id in decided and decided[sale_id].outcome is Outcome.WITHDRAWN
    }


def _reserved_keys(
    named: Mapping[UUID, StoreId], found: Mapping[UUID, Reservation]
) -> Iterator[LevelKey]:
    """Yield the levels that the named reservations hold; a foreign store's is refused anyway."""
    for reservation_id, reservation in found.items():
        if reservation.store_id == named[reservation_id] and reservation.is_held:
            yield from reservation.keys


def _keys(
    changes: Sequence[Change],
    decided: Mapping[UUID, Decision],
    withdrawn: Mapping[UUID, Quantities],
    applied: AbstractSet[UUID],
) -> Iterator[LevelKey]:
    """Yield every level that the batch can change."""
    for change in (each.change for each in changes):
        if isinstance(change, Sale) and change.sale_id not in decided:
            for product_id in change.wanted:
                yield LevelKey(change.store_id, product_id)
        elif isinstance(change, Return) and change.return_id not in applied:
            for product_id in change.quantities:
                yield LevelKey(change.store_id, product_id)
        elif isinstance(change, Declaration) and change.declaration_id not in applied:
            yield change.key
    for sale_id, quantities in withdrawn.items():
        for product_id in quantities:
            yield LevelKey(decided[sale_id].store_id, product_id)
