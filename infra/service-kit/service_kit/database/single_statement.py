"""Statements that go straight to asyncpg, over connections of SQLAlchemy's pool.

Use it for the few statements that run thousands of times a second: SQLAlchemy's work around one
costs several times the statement. The pool, its limits, the spans and the kinds of errors are the
same as elsewhere.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection

from service_kit.database.faults import DRIVER_FAULTS
from service_kit.telemetry.statements import timed

_NAME = re.compile(r"(?<!:):([a-z_]+)")


class DirectStatement:
    """SQL with parameters as `:names`, like SQLAlchemy's `text`."""

    def __init__(self, sql: str) -> None:
        self.names = list(dict.fromkeys(_NAME.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(self.names, start=1)}
        self.sql = _NAME.sub(lambda found: places[found[1]], sql)


class DirectConnection:
    """A connection of the pool, for direct statements; `autocommit` and `within` give one."""

    def __init__(self, pooled: PoolProxiedConnection, dialect: Dialect) -> None:
        self._pooled = pooled
        self._dialect = dialect

    async def fetch_row(
        self, statement: DirectStatement, values: Mapping[str, Any]
    ) -> asyncpg.Record | None:
        """Run the statement and return its first row, if there is one.

        Raises the errors that SQLAlchemy would raise, so that callers handle them as usual.
        """
        driver: Any = self._pooled.driver_connection
        parameters = [values[name] for name in statement.names]
        try:
            with timed(statement.sql):
                row = await driver.fetchrow(statement.sql, *parameters)
        except BaseException as error:
            if not isinstance(error, asyncpg.PostgresError):
                # The server may still send the answer, so nobody may use the connection again.
                self._pooled.invalidate(error)
            if isinstance(error, DRIVER_FAULTS):
                raise _as_sqlalchemy(error, statement.sql, self._dialect) from error
            raise
        return cast("asyncpg.Record | None", row)


@asynccontextmanager
async def autocommit(engine: AsyncEngine) -> AsyncIterator[DirectConnection]:
    """Check a connection out on which each statement is a transaction of its own."""
    # Nothing begins a transaction: the statement and its commit are one round trip. The pool alone
    # costs less than half of what `engine.connect` costs.
    try:
        pooled = await engine.raw_connection()
    except engine.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(error, None, engine.dialect) from error
    try:
        yield DirectConnection(pooled, engine.dialect)
    finally:
        # A connection that was invalidated has left the pool already.
        if pooled.is_valid:
            pooled.close()


async def within(session: AsyncSession) -> DirectConnection:
    """Return the connection of the transaction that the session's first statement has begun."""
    connection = await session.connection()
    return DirectConnection(await connection.get_raw_connection(), connection.dialect)


def _as_sqlalchemy(error: Exception, statement: str | None, dialect: Dialect) -> BaseException:
    """Return the error that SQLAlchemy would have raised for this one of the driver."""
    dbapi: Any = dialect.loaded_dbapi
    if not isinstance(error, dbapi.Error):
        known = dbapi._asyncpg_error_translate
        kind = next((known[each] for each in type(error).__mro__ if each in known), dbapi.Error)
        translated: Exception = kind(str(error), error)
        translated.__cause__ = error
        error = translated
    return DBAPIError.instance(
        statement, None, error, dbapi.Error, hide_parameters=True, dialect=dialect
    )
