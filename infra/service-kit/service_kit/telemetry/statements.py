"""Measures every statement of an engine, for the request's stages and as a span of its trace."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from textwrap import dedent
from time import time_ns
from typing import Any

import asyncpg
from opentelemetry import metrics, trace
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
CORRUPTED = frozenset({"XX001", "XX002"})  # a page of a table, a page of an index
_CORRUPTIONS = metrics.get_meter("service_kit.database").create_counter(
    "database_corruption_errors",
    description="How many statements has a corrupted page of the database ended?",
)
_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(r"\b(FROM|INTO|UPDATE)\s+(?!unnest\b|\()([a-z_]+)", re.IGNORECASE)
_COLUMNS = re.compile(r"\s*\([^()]*\)")
# The operation of a statement that begins with WITH, by the word before its first table.
_OPERATIONS = {"INTO": "INSERT", "UPDATE": "UPDATE", "FROM": "SELECT"}
_EXECUTIONS = ("do_execute", "do_execute_no_params", "do_executemany")
_BOUNDARIES = {"do_commit": "COMMIT", "do_rollback": "ROLLBACK"}
_FAILURES = (asyncpg.PostgresError, AsyncAdapt_asyncpg_dbapi.Error)


def time_statements(engine: AsyncEngine) -> None:
    """Wrap the methods in which the dialect waits for the server.

    SQLAlchemy's events are not enough: none comes after a COMMIT.
    """
    dialect = engine.sync_engine.dialect
    for name in _EXECUTIONS:
        setattr(dialect, name, _timed_execution(getattr(dialect, name)))
    for name, operation in _BOUNDARIES.items():
        setattr(dialect, name, _timed_boundary(getattr(dialect, name), operation))
    # Without a series at 0 the first error would not be an increase, and raise no alert.
    _CORRUPTIONS.add(0)


def _timed_execution(execute: Callable[..., None]) -> Callable[..., None]:
    def execute_timed(cursor: Any, statement: str, *arguments: Any, **options: Any) -> None:
        with timed(statement, cursor):
            execute(cursor, statement, *arguments, **options)

    return execute_timed


def _timed_boundary(finish: Callable[[Any], None], operation: str) -> Callable[[Any], None]:
    def finish_timed(connection: Any) -> None:
        driver = connection.driver_connection
        if not driver.is_closed() and not driver.is_in_transaction():
            # A connection without a transaction is returned without asking the server.
            finish(connection)
            return
        with timed(operation):
            finish(connection)

    return finish_timed


@contextmanager
def timed(statement: str, cursor: Any = None) -> Iterator[None]:
    """Count the time of the block to the stage `sql`, and record it as the statement's span.

    The span has the number of rows of the `cursor`.
    """
    parent = trace.get_current_span()
    started_ns = time_ns()
    failure = None
    try:
        with stages.counted(Stage.SQL):
            yield
    except _FAILURES as error:
        failure = error
        if getattr(error, "sqlstate", None) in CORRUPTED:
            _CORRUPTIONS.add(1)
            logger.error("the database has a corrupted page", extra={"error": str(error)})
        raise
    finally:
        if parent.is_recording():
            _record(statement, started_ns, failure, cursor)


def _record(statement: str, started_ns: int, failure: Exception | None, cursor: Any) -> None:
    name, attributes = _describe(statement)
    span = tracer.start_span(
        name, kind=trace.SpanKind.CLIENT, attributes=attributes, start_time=started_ns
    )
    if cursor is not None and cursor.rowcount >= 0:
        span.set_attribute("db.response.returned_rows", cursor.rowcount)
    if failure is not None:
        # PostgreSQL's code tells a lock timeout from a statement timeout.
        code = getattr(failure, "sqlstate", None)
        if code is not None:
            span.set_attribute("db.response.status_code", code)
        span.set_attribute("error.type", code or type(failure).__name__)
        span.set_status(trace.StatusCode.ERROR)
    span.end()


def _columns_behind(table: re.Match[str]) -> int:
    listed = _COLUMNS.match(table.string, table.end())
    return listed.group().count(",") if listed else 0


def _readable(statement: str) -> str:
    """Return the lines of a statement, without comments and without the code's indentation.

    A page that shows a text on one line would let a comment swallow the rest.
    """
    lines = (line.rstrip() for line in _COMMENT.sub("", statement).splitlines())
    return dedent("\n".join(line for line in lines if line))


# Statements are constants of the code with parameters, a few hundred at most.
@lru_cache(maxsize=1024)
def _describe(statement: str) -> tuple[str, dict[str, str]]:
    """Return the span's name and attributes, by OpenTelemetry's conventions for databases.

    https://opentelemetry.io/docs/specs/semconv/db/database-spans/
    """
    statement = _readable(statement)
    operation = statement.split(None, 1)[0].upper()
    tables = list(_TABLE.finditer(statement))
    table = tables[0] if tables else None
    if table is not None and operation == "WITH":
        # A statement that writes several tables is named after the one with most columns.
        written = [each for each in tables if each.group(1).upper() != "FROM"]
        table = max(written, key=_columns_behind, default=table)
        operation = _OPERATIONS[table.group(1).upper()]
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.text": statement,
    }
    if table is None:
        return operation, attributes
    attributes["db.collection.name"] = table.group(2)
    return f"{operation} {table.group(2)}", attributes
