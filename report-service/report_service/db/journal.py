"""Writes and reads the journal: who did what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession


class Kind(StrEnum):
    """What somebody did."""

    SALE_RECORDED = "sale-recorded"
    SALE_MARKED = "sale-marked"  # recorded, although the key had no right to its price or its date
    SALE_REJECTED = "sale-rejected"
    SALE_CANCELLED = "sale-cancelled"
    SALE_VOIDED = "sale-voided"
    RETURN_RECORDED = "return-recorded"
    STORE_CHANGED = "store-changed"
    PRODUCT_CHANGED = "product-changed"
    LEVEL_DECLARED = "level-declared"
    TAX_RATE_CHANGED = "tax-rate-changed"
    CASH_MOVED = "cash-moved"
    DAY_CLOSED = "day-closed"
    MOVEMENT_POSTED = "movement-posted"
    TRANSFER_SHIPPED = "transfer-shipped"
    TRANSFER_RECEIVED = "transfer-received"
    KEY_CHANGED = "key-changed"


class Entry(NamedTuple):
    """A row of the journal; the fields are its columns."""

    event_id: UUID
    recorded_at: datetime
    actor: str | None  # None: unknown
    kind: Kind
    store_id: int | None  # None: the whole chain
    # The id of the sale, return, store, product, rate, movement of cash or document; the closed
    # day; the client of the key.
    subject: str


# The body of a CTE, too: a batch of sales writes its entries in the statement of its facts.
INSERT_ENTRIES = """
    INSERT INTO journal (event_id, recorded_at, actor, kind, store_id, subject)
    SELECT * FROM unnest(CAST(:entry_event_id AS uuid[]),
        CAST(:entry_recorded_at AS timestamptz[]), CAST(:entry_actor AS text[]),
        CAST(:entry_kind AS text[]), CAST(:entry_store_id AS int[]),
        CAST(:entry_subject AS text[]))
    ON CONFLICT (event_id) DO NOTHING
"""
_INSERT = text(INSERT_ENTRIES)


def entry_parameters(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """Return the values of the parameters of `INSERT_ENTRIES`."""
    return {
        f"entry_{name}": [entry[place] for entry in entries]
        for place, name in enumerate(Entry._fields)
    }


async def insert_entries(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """Insert the entries that are not stored yet."""
    if entries:
        await session.execute(_INSERT, entry_parameters(entries))


class Place(NamedTuple):
    """A place in the journal. Its order is that of the entries."""

    recorded_at: datetime
    event_id: UUID


_FIRST = UUID(int=0)
_AFTER_ALL = Place(datetime(9999, 1, 1, tzinfo=UTC), _FIRST)
_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """The entries that a reader wants; None: all."""

    actor: str | None = None
    store_id: int | None = None
    kind: Kind | None = None
    since: datetime | None = None  # included
    until: datetime | None = None  # not included


_COLUMNS = "event_id, recorded_at, actor, kind, store_id, subject"
# Each is bounded and ordered by all columns of its index. PostgreSQL would choose another index for
# an order by time alone, and read the entries of all stores for the page of a small one.
_OF_KIND = f"""
    SELECT {_COLUMNS} FROM journal
    WHERE (kind, recorded_at, event_id) < (wanted, :before_time, :before_id)
        AND (kind, recorded_at) >= (wanted, :since)
    ORDER BY kind DESC, recorded_at DESC, event_id DESC LIMIT :limit
"""
_OF_STORE = f"""
    SELECT {_COLUMNS} FROM journal
    WHERE (store_id, kind, recorded_at, event_id) < (:store_id, wanted, :before_time, :before_id)
        AND (store_id, kind, recorded_at) >= (:store_id, wanted, :since)
    ORDER BY store_id DESC, kind DESC, recorded_at DESC, event_id DESC LIMIT :limit
"""
_ACTS = f"""
    SELECT {_COLUMNS} FROM journal
    WHERE (actor, kind, recorded_at, event_id) < (:actor, wanted, :before_time, :before_id)
        AND (actor, kind, recorded_at) >= (:actor, wanted, :since)
    ORDER BY actor DESC, kind DESC, recorded_at DESC, event_id DESC
"""
_OF_ACTOR = f"{_ACTS} LIMIT :limit"
# `OFFSET 0` keeps the condition outside. PostgreSQL would take few of an actor's acts to be of one
# store, and read them all to sort those; nearly all are, because a till has one store.
_OF_ACTOR_AND_STORE = f"""
    SELECT * FROM ({_ACTS} OFFSET 0) AS acts WHERE store_id = :store_id
    ORDER BY actor DESC, kind DESC, recorded_at DESC, event_id DESC LIMIT :limit
"""
# A page of each kind: the work grows with the kinds, not with the journal.
_PAGE = """
    SELECT newest.* FROM unnest(CAST(:kinds AS text[])) AS wanted
    CROSS JOIN LATERAL ({page}) AS newest ORDER BY recorded_at DESC, event_id DESC LIMIT :limit
"""
# By whether an actor and a store are given.
_LIST = {
    (False, False): text(_PAGE.format(page=_OF_KIND)),
    (False, True): text(_PAGE.format(page=_OF_STORE)),
    (True, False): text(_PAGE.format(page=_OF_ACTOR)),
    (True, True): text(_PAGE.format(page=_OF_ACTOR_AND_STORE)),
}


async def list_entries(
    session: AsyncSession, wanted: Filter, before: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """Return a page of the entries before a place, newest first."""
    end = Place(wanted.until, _FIRST) if wanted.until else _AFTER_ALL
    place = min(before or end, end)
    statement = _LIST[wanted.actor is not None, wanted.store_id is not None]
    values = {
        "actor": wanted.actor,
        "store_id": wanted.store_id,
        "kinds": [wanted.kind] if wanted.kind else list(Kind),
        "since": wanted.since or _BEFORE_ALL,
        "before_time": place.recorded_at,
        "before_id": place.event_id,
        "limit": limit,
    }
    return (await session.execute(statement, values)).all()
