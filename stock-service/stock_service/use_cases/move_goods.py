"""Drafts, ships, receives and cancels transfers between stores."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_actor, current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db import transfers
from stock_service.db.book import open_book, save_book
from stock_service.db.catalogue import look_up_catalogue
from stock_service.db.requests import close_request_of
from stock_service.domain.levels import Document, Kind
from stock_service.domain.transfer_errors import (
    ReceptionExists,
    TransferExists,
    UnknownTransfer,
)
from stock_service.domain.transfers import (
    Counted,
    Transfer,
    TransferStatus,
    receive,
    ship,
)
from stock_service.events.announcements import level_events
from stock_service.events.transfer_events import received_event, shipped_event


@dataclass(frozen=True, slots=True)
class Moved:
    """A transfer after a request, and whether an earlier one had done the same."""

    transfer: Transfer
    is_repeated: bool = False


async def draft(session: AsyncSession, wanted: Transfer) -> Moved:
    """Write a new transfer; the same again returns it. Raises `TransferExists`."""
    is_new = await transfers.insert_draft(session, wanted, current_actor())
    made = await find(session, wanted.id)
    if not is_new and not made.is_repetition_of(wanted):
        raise TransferExists
    return Moved(made, is_repeated=not is_new)


async def ship_draft(session: AsyncSession, transfer_id: UUID) -> Transfer:
    """Take all goods of a draft from the sender or none, and return the transfer.

    Raises `UnknownTransfer`, `WrongStatus`, `GoodsMissing` or `LevelOutOfBounds`.
    """
    transfer = await lock(session, transfer_id)
    transfer.require(TransferStatus.DRAFT)
    now = datetime.now(UTC)
    # The receiver's rows are made here, so that its list of levels shows what is on its way.
    book = await open_book(session, [*transfer.sent_keys, *transfer.received_keys])
    document = Document(
        transfer.id, Kind.TRANSFER_OUT, now, transfer.reference, actor=current_actor()
    )
    sender = await look_up_catalogue(session, transfer.from_store_id, ())
    shipped = ship(book, transfer, document, is_strict=sender.is_strict)
    alerts = await save_book(session, book)
    await transfers.save_shipped(session, shipped, current_actor())
    levels = level_events(book, alerts, now, {transfer.from_store_id: current_cause()})
    await add_to_outbox(session, [shipped_event(shipped, now), *levels])
    return await find(session, transfer_id)


async def receive_goods(
    session: AsyncSession, transfer_id: UUID, counted: Counted, reception_id: UUID
) -> Moved:
    """Add what arrived to the receiver's levels, and return the transfer.

    A reception that is known changes nothing. Raises `UnknownTransfer`, `WrongStatus`,
    `ReceptionExists`, `UnexpectedGoods`, `NothingReceived` or `LevelOutOfBounds`.
    """
    transfer = await lock(session, transfer_id)
    sums = counted.sums()
    content = None if sums is None else {str(id): units for id, units in sums.items()}
    if known := await transfers.find_reception(session, reception_id):
        if (known.transfer_id, known.counted, known.reason) != (
            *(transfer_id, content, counted.reason),
        ):
            raise ReceptionExists
        return Moved(transfer, is_repeated=True)
    transfer.require(TransferStatus.SHIPPED)
    now = datetime.now(UTC)
    book = await open_book(session, transfer.received_keys)
    document = Document(
        reception_id, Kind.TRANSFER_IN, now, counted.reason or transfer.reference, current_actor()
    )
    reception = receive(book, transfer, counted, document)
    alerts = await save_book(session, book)
    told = None if content is None else json.dumps(content)
    await transfers.save_reception(session, reception, told, counted.reason, current_actor())
    if reception.transfer.status is TransferStatus.RECEIVED:
        await close_request_of(session, transfer_id, current_actor())
    levels = level_events(book, alerts, now, {transfer.to_store_id: current_cause()})
    await add_to_outbox(session, [received_event(reception, now), *levels])
    return Moved(await find(session, transfer_id))


async def cancel_draft(session: AsyncSession, transfer_id: UUID) -> Transfer:
    """End a transfer that was never shipped; raise `UnknownTransfer` or `WrongStatus`."""
    transfer = await lock(session, transfer_id)
    transfer.require(TransferStatus.DRAFT)
    await transfers.save_cancelled(session, transfer_id, current_actor())
    return await find(session, transfer_id)


async def find(session: AsyncSession, transfer_id: UUID) -> Transfer:
    """Return a transfer; raise `UnknownTransfer`."""
    transfer = await transfers.find_transfer(session, transfer_id)
    if transfer is None:
        raise UnknownTransfer
    return transfer


async def lock(session: AsyncSession, transfer_id: UUID) -> Transfer:
    """Lock and return a transfer; raise `UnknownTransfer`."""
    transfer = await transfers.lock_transfer(session, transfer_id)
    if transfer is None:
        raise UnknownTransfer
    return transfer
