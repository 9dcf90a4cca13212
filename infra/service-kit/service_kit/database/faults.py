"""Tells transient faults of PostgreSQL from permanent ones."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from service_kit.telemetry.statements import CORRUPTED

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_TRANSIENT_CLASSES = {
    "08",  # connection exception
    "40",  # transaction rollback: serialization failure, deadlock
    "53",  # insufficient resources
    "57",  # operator intervention: shutdown, statement timeout
    "58",  # system error outside PostgreSQL
}
_LOCK_NOT_AVAILABLE = "55P03"
# The same work in smaller parts may need less than PostgreSQL gives.
_TOO_MUCH = {
    "53200",  # out of memory, or of room for locks
    "53400",  # configuration limit exceeded: temporary files
    "57014",  # statement timeout
}
_READ_ONLY = "25006"  # a standby answered: the primary is being replaced
# The server has ended a session that was silent, or a transaction that lasted for too long.
_ENDED_BY_SERVER = {"25P03", "25P04"}
# What a statement, prepared before a migration, meets after it. The driver prepares it again.
_CHANGED_SCHEMA = "0A000"
# The process has started before its database, its role or its migrations. It waits for them, as it
# does for a server that is away.
_NOT_PREPARED_CLASSES = {
    "28",  # invalid authorization: no such role, or another password
    "3D",  # no such database
    "3F",  # no such schema
}
_NOT_PREPARED = {
    "42501",  # insufficient privilege: the grants come with a migration
    "42703",  # undefined column
    "42704",  # undefined object: a type or a role
    "42883",  # undefined function
    "42P01",  # undefined table
    "42P10",  # no unique index for an ON CONFLICT
}
_BAD_DATA_CLASSES = {
    "21",  # cardinality violation: one row where there are two
    "22",  # data exception
    "23",  # integrity constraint violation
    "44",  # WITH CHECK OPTION violation
    "54",  # program limit exceeded: too large for an index or a row, nested too deeply
}
# A listener is late, and the queue of notifications is full. PostgreSQL has no SQLSTATE for it.
_QUEUE_OF_NOTIFICATIONS = "async.c"

# What an unreachable or exhausted database raises around SQLAlchemy.
DATABASE_FAULTS = (DBAPIError, PoolTimeout, OSError, TimeoutError)

# What the driver raises without SQLAlchemy around it.
DRIVER_FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class TransientFailure(Exception):
    """The same work will succeed later: keep the position, wait, retry."""


class TooMuchAtOnce(TransientFailure):
    """The same work will succeed in smaller parts. A single event never raises this."""


def sqlstate_of(error: DBAPIError) -> str:
    """Return PostgreSQL's SQLSTATE of five characters; empty when the server sent none."""
    return getattr(error.orig, "sqlstate", None) or ""


def constraint_of(error: DBAPIError) -> str:
    """Return the name of the violated constraint; empty for other errors."""
    return getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) or ""


def name_of_fault(error: BaseException) -> str:
    """Return the name of PostgreSQL's or the driver's error behind SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig.__cause__ or error.orig
    return type(error).__name__


def is_lock_timeout(error: DBAPIError) -> bool:
    """Return whether another transaction held a lock for longer than `lock_timeout`."""
    return sqlstate_of(error) == _LOCK_NOT_AVAILABLE


def is_too_much(error: BaseException) -> bool:
    """Return whether smaller parts of the work may succeed, as they need less time and memory."""
    if isinstance(error, DBAPIError):
        return sqlstate_of(error) in _TOO_MUCH
    return isinstance(error, TooMuchAtOnce)


def is_corruption(error: BaseException) -> bool:
    """Return whether the statement has met a corrupted page, which only a person can repair."""
    return isinstance(error, DBAPIError) and sqlstate_of(error) in CORRUPTED


def is_bad_data(error: BaseException) -> bool:
    """Return whether PostgreSQL or the driver refuses the values: no retry can succeed."""
    if not isinstance(error, DBAPIError):
        return False
    refused_by_driver = isinstance(getattr(error.orig, "__cause__", None), asyncpg.DataError)
    is_refused = sqlstate_of(error)[:2] in _BAD_DATA_CLASSES and not _is_full_queue(error)
    return refused_by_driver or is_refused


def _is_full_queue(error: DBAPIError) -> bool:
    cause = getattr(error.orig, "__cause__", None)
    source = getattr(cause, "server_source_filename", None)
    return sqlstate_of(error)[:2] == "54" and source == _QUEUE_OF_NOTIFICATIONS


def is_not_prepared(error: BaseException) -> bool:
    """Return whether the database, its role or its schema does not exist yet."""
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate_of(error)
    return state[:2] in _NOT_PREPARED_CLASSES or state in _NOT_PREPARED


def is_transient(error: BaseException) -> bool:
    """Return whether the same statement can succeed later, perhaps after a person's repair."""
    if isinstance(error, DBAPIError):
        state = sqlstate_of(error)
        return (
            error.connection_invalidated
            or state[:2] in _TRANSIENT_CLASSES
            or state in (_LOCK_NOT_AVAILABLE, _READ_ONLY, _CHANGED_SCHEMA, *_ENDED_BY_SERVER)
            or _is_full_queue(error)
            or is_not_prepared(error)
            or is_corruption(error)
            # The driver lost the connection before the server could say why.
            or (state == "" and not is_bad_data(error))
        )
    return isinstance(error, (PoolTimeout, OSError, TimeoutError, TransientFailure))
