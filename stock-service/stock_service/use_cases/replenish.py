"""Takes a store's request from its asking to the goods' arrival; a transfer carries them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from service_kit.events.causes import current_actor, current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db import requests, transfers
from stock_service.db.book import open_book, save_book
from stock_service.domain.levels import Document, Kind, LevelKey, ProductId, StoreId
from stock_service.domain.request_errors import NotACentre, UnknownRequest
from stock_service.domain.requests import (
    OPEN,
    Request,
    RequestStatus,
    choose_centre,
    units_to_send,
)
from stock_service.domain.transfers import Counted, Transfer, draft_transfer, receive, ship
from stock_service.events.announcements import level_events
from stock_service.events.transfer_events import received_event, shipped_event
from stock_service.use_cases.move_goods import Moved, receive_goods


@dataclass(frozen=True, slots=True)
class Sent:
    """A request after its goods have left, and the transfer that carries them."""

    request: Request
    transfer: Transfer


async def find(session: AsyncSession, request_id: int) -> Request:
    """Return a request; raise `UnknownRequest`."""
    request = await requests.find_request(session, request_id)
    if request is None:
        raise UnknownRequest
    return request


async def find_centre(
    session: AsyncSession, request: Request, wanted: StoreId | None = None
) -> StoreId:
    """Return the centre that sends the goods.

    Raises `NotACentre`, `NoCentre` or `CentreNotNamed`.
    """
    centres = await requests.list_centres(session)
    return choose_centre(centres, request.store_id, wanted, request.centre_id)


async def ask(
    session: AsyncSession,
    store_id: StoreId,
    product_id: ProductId,
    quantity: int,
    wanted_centre: StoreId | None = None,
) -> Request:
    """Write a pending request, for the centre that is named or the only one.

    Raises `NotACentre`.
    """
    others = [each.id for each in await requests.list_centres(session) if each.id != store_id]
    if wanted_centre is not None and wanted_centre not in others:
        raise NotACentre(wanted_centre)
    centre_id = wanted_centre or (others[0] if len(others) == 1 else None)
    request_id = await requests.insert_request(
        session, store_id, product_id, quantity, centre_id, current_actor()
    )
    return await find(session, request_id)


async def approve(session: AsyncSession, request_id: int, centre_id: StoreId) -> Request:
    """Say that the centre will send the goods; raise `UnknownRequest` or `WrongRequestStatus`."""
    request = await _lock(session, request_id)
    request.require(RequestStatus.PENDING)
    status = RequestStatus.APPROVED
    await requests.save_step(session, request_id, status, current_actor(), centre_id=centre_id)
    return await find(session, request_id)


async def refuse(session: AsyncSession, request_id: int, reason: str) -> Request:
    """End a request for which nothing has left; raise `UnknownRequest` or `WrongRequestStatus`."""
    request = await _lock(session, request_id)
    request.require(*OPEN)
    status = RequestStatus.REFUSED
    await requests.save_step(session, request_id, status, current_actor(), reason=reason)
    return await find(session, request_id)


async def prepare(session: AsyncSession, request_id: int) -> Request:
    """Say that the goods wait to leave; raise `UnknownRequest` or `WrongRequestStatus`."""
    request = await _lock(session, request_id)
    request.require(RequestStatus.APPROVED)
    await requests.save_step(session, request_id, RequestStatus.PREPARED, current_actor())
    return await find(session, request_id)


async def send(
    session: AsyncSession, request_id: int, centre_id: StoreId, *, is_partial: bool
) -> Sent:
    """Ship the goods of an approved request from the centre.

    Raises `UnknownRequest`, `WrongRequestStatus` or `CentreIsShort`.
    """
    request = await _lock(session, request_id)
    request.require(RequestStatus.APPROVED, RequestStatus.PREPARED)
    return await _carry(session, request, centre_id, is_partial=is_partial, arrives=False)


async def fulfil(
    session: AsyncSession, request_id: int, centre_id: StoreId, *, is_partial: bool
) -> Sent:
    """Approve, ship and receive a request in one transaction.

    Raises `UnknownRequest`, also for a request that is finished or shipped, or `CentreIsShort`.
    """
    request = await _lock(session, request_id)
    if not request.is_open:
        raise UnknownRequest
    return await _carry(session, request, centre_id, is_partial=is_partial, arrives=True)


async def take_in(session: AsyncSession, request: Request) -> Moved:
    """Receive all that is on its way for a request; raise `WrongRequestStatus` or `WrongStatus`.

    The transfer is locked before the request, as by every other reception.
    """
    request.require(RequestStatus.SHIPPED)
    assert request.transfer_id is not None
    return await receive_goods(session, request.transfer_id, Counted(None), uuid7())


async def _carry(
    session: AsyncSession, request: Request, centre_id: StoreId, *, is_partial: bool, arrives: bool
) -> Sent:
    """Move the goods of a locked request: out of the centre, and into the store if they arrive."""
    now = datetime.now(UTC)
    actor, cause = current_actor(), current_cause()
    place = LevelKey(centre_id, request.product_id)
    book = await open_book(session, [place, LevelKey(request.store_id, request.product_id)])
    units = units_to_send(request, centre_id, book.available(place), is_partial=is_partial)
    lines = [(request.product_id, units)]
    transfer = draft_transfer(uuid7(), centre_id, request.store_id, lines)
    await transfers.insert_draft(session, transfer, actor)
    left = Document(transfer.id, Kind.TRANSFER_OUT, now, actor=actor)
    transfer = ship(book, transfer, left, is_strict=True)
    await transfers.save_shipped(session, transfer, actor)
    events = [shipped_event(transfer, now)]
    if arrives:
        arrived = Document(uuid7(), Kind.TRANSFER_IN, now, actor=actor)
        reception = receive(book, transfer, Counted(None), arrived)
        await transfers.save_reception(session, reception, None, None, actor)
        transfer = reception.transfer
        events.append(received_event(reception, now))
    alerts = await save_book(session, book)
    status = RequestStatus.RECEIVED if arrives else RequestStatus.SHIPPED
    await requests.save_step(
        session, request.id, status, actor, centre_id=centre_id, transfer_id=transfer.id
    )
    levels = level_events(book, alerts, now, {centre_id: cause, request.store_id: cause})
    await add_to_outbox(session, [*events, *levels])
    return Sent(await find(session, request.id), transfer)


async def _lock(session: AsyncSession, request_id: int) -> Request:
    request = await requests.lock_request(session, request_id)
    if request is None:
        raise UnknownRequest
    return request
