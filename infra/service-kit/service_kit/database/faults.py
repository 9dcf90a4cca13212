"""Which faults of PostgreSQL pass by themselves, and which never will."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_TRANSIENT_CLASSES = {
    "08",  # connection exception
    "40",  # transaction rollback: serialization failure, deadlock
    "53",  # insufficient resources
    "57",  # operator intervention: shutdown, statement timeout
    "58",  # system error outside PostgreSQL
}
_LOCK_NOT_AVAILABLE = "55P03"
_READ_ONLY = "25006"  # a standby answered: the primary is being replaced
# The process was started before its database, its role, or the migration that it needs: it waits
# for them as it waits for a server that is away.
_NOT_PREPARED_CLASSES = {
    "28",  # invalid authorization: no such role, or another password
    "3D",  # no such database
    "3F",  # no such schema
}
_NOT_PREPARED = {
    "42501",  # insufficient privilege: the grants come with a migration
    "42703",  # undefined column
    "42883",  # undefined function
    "42P01",  # undefined table
}

# What an unreachable or exhausted database raises around SQLAlchemy.
DATABASE_FAULTS = (DBAPIError, PoolTimeout, OSError, TimeoutError)

# What a connection of the driver's own raises, without SQLAlchemy around it.
LISTENING_FAULTS = (
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
    *(OSError, TimeoutError),
)


class TransientFailure(Exception):
    """Will succeed later: keep the position, wait, try again."""


def sqlstate_of(error: DBAPIError) -> str:
    """The five characters of PostgreSQL's SQLSTATE; empty when the server said nothing."""
    return getattr(error.orig, "sqlstate", None) or ""


def constraint_of(error: DBAPIError) -> str:
    """The name of the constraint that a change would have broken; empty for other errors."""
    return getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) or ""


def name_of_fault(error: BaseException) -> str:
    """What happened, by PostgreSQL's or the driver's word for it rather than SQLAlchemy's."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        error = error.orig.__cause__ or error.orig
    return type(error).__name__


def is_lock_timeout(error: DBAPIError) -> bool:
    """Whether somebody else held a lock for longer than `lock_timeout`."""
    return sqlstate_of(error) == _LOCK_NOT_AVAILABLE


def is_bad_data(error: BaseException) -> bool:
    """Whether PostgreSQL, or the driver before it, refuses the values: no retry will help."""
    if not isinstance(error, DBAPIError):
        return False
    refused_by_driver = isinstance(getattr(error.orig, "__cause__", None), asyncpg.DataError)
    # 22: data exception; 23: integrity constraint violation.
    return refused_by_driver or sqlstate_of(error)[:2] in ("22", "23")


def is_not_prepared(error: BaseException) -> bool:
    """Whether the database, its role or its schema is not there yet."""
    if not isinstance(error, DBAPIError):
        return False
    state = sqlstate_of(error)
    return state[:2] in _NOT_PREPARED_CLASSES or state in _NOT_PREPARED


def is_transient(error: BaseException) -> bool:
    """Whether the same statement can succeed later without anybody changing it."""
    if isinstance(error, DBAPIError):
        state = sqlstate_of(error)
        return (
            error.connection_invalidated
            or state[:2] in _TRANSIENT_CLASSES
            or state in (_LOCK_NOT_AVAILABLE, _READ_ONLY)
            or is_not_prepared(error)
            # The driver lost the connection before the server could say why.
            or (state == "" and not is_bad_data(error))
        )
    return isinstance(error, (PoolTimeout, OSError, TimeoutError, TransientFailure))
