"""One statement as a transaction of its own, given to the driver without SQLAlchemy between.

For the few statements of which there are thousands a second: what SQLAlchemy does around one
costs several times the statement. Pool, limits, spans and the kinds of errors stay its own.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import asyncpg
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.pool import PoolProxiedConnection

from service_kit.telemetry.statements import timed

_NAME = re.compile(r"(?<!:):([a-z_]+)")


class DirectStatement:
    """SQL with `:names`, as SQLAlchemy's `text` has them."""

    def __init__(self, sql: str) -> None:
        self._names = list(dict.fromkeys(_NAME.findall(sql)))
        places = {name: f"${place}" for place, name in enumerate(self._names, start=1)}
        self._sql = _NAME.sub(lambda found: places[found[1]], sql)

    async def fetch_row(
        self, engine: AsyncEngine, values: Mapping[str, Any]
    ) -> asyncpg.Record | None:
        """Run it and commit, in one round trip; the first row, if there is one.

        Raises what SQLAlchemy would raise, so that callers tell faults apart as ever.
        """
        dbapi = engine.dialect.loaded_dbapi
        try:
            # Nothing begins a transaction: each statement commits by itself.
            pooled = await engine.raw_connection()
        except dbapi.Error as error:
            raise _as_sqlalchemy(engine.dialect, error, None) from error
        try:
            row = await self._run(pooled.driver_connection, values)
        except asyncpg.PostgresError as error:
            _give_back_or_drop(pooled, error)
            raise _as_sqlalchemy(engine.dialect, error, self._sql) from error
        except BaseException as error:
            # Given up in the middle: what the server still sends is for nobody.
            pooled.invalidate(error)
            if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
                raise _as_sqlalchemy(engine.dialect, error, self._sql) from error
            raise
        pooled.close()
        return row

    async def fetch_row_within(
        self, session: AsyncSession, values: Mapping[str, Any]
    ) -> asyncpg.Record | None:
        """The same in the transaction that an earlier statement of the session's has begun."""
        connection = await session.connection()
        pooled = await connection.get_raw_connection()
        try:
            return await self._run(pooled.driver_connection, values)
        except (
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            raise _as_sqlalchemy(connection.dialect, error, self._sql) from error

    async def _run(self, connection: Any, values: Mapping[str, Any]) -> asyncpg.Record | None:
        parameters = [values[name] for name in self._names]
        with timed(self._sql):
            row = await connection.fetchrow(self._sql, *parameters)
        return cast("asyncpg.Record | None", row)


def _give_back_or_drop(pooled: PoolProxiedConnection, error: asyncpg.PostgresError) -> None:
    connection: Any = pooled.driver_connection
    if connection.is_closed():
        pooled.invalidate(error)
    else:
        pooled.close()


def _as_sqlalchemy(dialect: Dialect, error: Exception, statement: str | None) -> BaseException:
    """The error as a statement of SQLAlchemy's would have raised it."""
    dbapi: Any = dialect.loaded_dbapi
    if not isinstance(error, dbapi.Error):
        known = dbapi._asyncpg_error_translate
        kind = next((known[each] for each in type(error).__mro__ if each in known), dbapi.Error)
        translated = kind(str(error), error)
        translated.__cause__ = error
        error = translated
    return DBAPIError.instance(
        statement, None, error, dbapi.Error, hide_parameters=True, dialect=dialect
    )
