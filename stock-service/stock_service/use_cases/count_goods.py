"""Opens counts, takes what is counted, and posts or cancels them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.causes import current_actor, current_cause
from service_kit.events.outbox import add_to_outbox
from stock_service.db import count_lines, counts
from stock_service.db.book import open_book, save_book
from stock_service.domain.count_errors import CountExists, NothingToCount, UnknownCount
from stock_service.domain.counts import Count, Counted, CountScope, last_of_each, post
from stock_service.domain.levels import LevelKey
from stock_service.events.announcements import level_events


@dataclass(frozen=True, slots=True)
class Opened:
    """A count after a request, and whether an earlier one had opened it."""

    count: Count
    is_repeated: bool = False


async def open_count(session: AsyncSession, wanted: Count) -> Opened:
    """Open a count with a line for each of its products; the same again returns it.

    Raises `CountExists` or `NothingToCount`.
    """
    if not await counts.insert_count(session, wanted, current_actor()):
        made = await find(session, wanted.id)
        if not made.is_repetition_of(wanted):
            raise CountExists
        return Opened(made, is_repeated=True)
    size = await count_lines.insert_lines(session, wanted)
    if size == 0 and wanted.scope is CountScope.CATEGORY:
        raise NothingToCount
    return Opened(await find(session, wanted.id))


async def enter_counted(session: AsyncSession, count_id: UUID, lines: Sequence[Counted]) -> Count:
    """Write what was counted: of each product the last quantity by its instant stays.

    Raises `UnknownCount`, `CountClosed`, or `InvalidCounting` with every wrong line.
    """
    locked = await _lock(session, count_id)
    locked.count.require_open()
    product_ids = [line.product_id for line in lines]
    strangers = await count_lines.find_strangers(session, locked.count, product_ids)
    last = last_of_each(lines, locked.clock, strangers)
    await count_lines.save_counted(session, count_id, last, current_actor())
    return await find(session, count_id)


async def post_count(session: AsyncSession, count_id: UUID) -> Count:
    """Move the counted levels by their differences, and return the count.

    What was not counted stays as it is. Raises `UnknownCount`, `CountClosed` or `LevelOutOfBounds`.
    """
    count = (await _lock(session, count_id, to_end=True)).count
    count.require_open()
    keys = [
        LevelKey(count.store_id, product_id)
        for product_id in await count_lines.find_counted(session, count_id)
    ]
    book = await open_book(session, keys)
    # After the locks: no sale comes between what is expected and the posting.
    posting = post(book, count, await count_lines.expect(session, count), current_actor())
    alerts = await save_book(session, book)
    await count_lines.save_posted_lines(session, count_id, count.store_id, posting.lines)
    await counts.save_posted(session, count_id, posting, current_actor())
    now = datetime.now(UTC)
    events = level_events(book, alerts, now, {count.store_id: current_cause()})
    await add_to_outbox(session, events)
    return await find(session, count_id)


async def cancel_count(session: AsyncSession, count_id: UUID) -> Count:
    """End a count that moves nothing; raise `UnknownCount` or `CountClosed`."""
    (await _lock(session, count_id, to_end=True)).count.require_open()
    await counts.save_cancelled(session, count_id, current_actor())
    return await find(session, count_id)


async def find(session: AsyncSession, count_id: UUID) -> Count:
    """Return a count; raise `UnknownCount`."""
    count = await counts.find_count(session, count_id)
    if count is None:
        raise UnknownCount
    return count


async def _lock(
    session: AsyncSession, count_id: UUID, *, to_end: bool = False
) -> counts.LockedCount:
    locked = await counts.lock_count(session, count_id, to_end=to_end)
    if locked is None:
        raise UnknownCount
    return locked
