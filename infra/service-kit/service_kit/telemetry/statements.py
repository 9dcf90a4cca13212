"""Times every statement of an engine: in the request's stages, and as a span of its trace."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import time_ns
from typing import Any

import asyncpg
from opentelemetry import trace
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.telemetry import stages
from service_kit.telemetry.stages import Stage

tracer = trace.get_tracer(__name__)
_TABLE = re.compile(r"\b(FROM|INTO|UPDATE)\s+(?!unnest\b|\()([a-z_]+)", re.IGNORECASE)
_COLUMNS = re.compile(r"\s*\([^()]*\)")
# What a statement that begins with WITH does, by the word before its first table.
_OPERATIONS = {"INTO": "INSERT", "UPDATE": "UPDATE", "FROM": "SELECT"}
_EXECUTIONS = ("do_execute", "do_execute_no_params", "do_executemany")
SHORTEST_ROUND_TRIP_NS = 30_000
_BOUNDARIES = {"do_commit": "COMMIT", "do_rollback": "ROLLBACK"}


def time_statements(engine: AsyncEngine) -> None:
    """Wrap the points at which the dialect waits for the server: COMMIT has no events around it."""
    dialect = engine.sync_engine.dialect
    errors = dialect.loaded_dbapi.Error
    for name in _EXECUTIONS:
        setattr(dialect, name, _timed_execution(getattr(dialect, name), errors))
    for name, operation in _BOUNDARIES.items():
        setattr(dialect, name, _timed_boundary(getattr(dialect, name), operation))


@contextmanager
def timed(statement: str) -> Iterator[None]:
    """The same around a statement that the driver gets without the dialect."""
    clock = stages.current()
    parent = trace.get_current_span()
    started = time_ns()
    depth = clock.enter(Stage.SQL) if clock else 0
    failure = None
    try:
        yield
    except asyncpg.PostgresError as error:
        failure = error
        raise
    finally:
        if clock:
            clock.leave(depth)
        _tell(parent, statement, started, failure)


def _timed_execution(execute: Callable[..., None], errors: type[Exception]) -> Callable[..., None]:
    def timed(cursor: Any, statement: str, *arguments: Any, **options: Any) -> None:
        clock = stages.current()
        parent = trace.get_current_span()
        started = time_ns()
        depth = clock.enter(Stage.SQL) if clock else 0
        failure = None
        try:
            execute(cursor, statement, *arguments, **options)
        except errors as error:
            failure = error
            raise
        finally:
            if clock:
                clock.leave(depth)
            _tell(parent, statement, started, failure, cursor.rowcount)

    return timed


def _timed_boundary(finish: Callable[[Any], None], operation: str) -> Callable[[Any], None]:
    def timed(connection: Any) -> None:
        clock = stages.current()
        depth = clock.enter(Stage.SQL) if clock else 0
        started = time_ns()
        try:
            finish(connection)
        finally:
            if clock:
                clock.leave(depth)
            # Returning a connection that has no transaction asks the server nothing.
            if time_ns() - started > SHORTEST_ROUND_TRIP_NS:
                _tell(trace.get_current_span(), operation, started)

    return timed


def _tell(
    parent: trace.Span,
    statement: str,
    started_ns: int,
    failure: Exception | None = None,
    rows: int = -1,
) -> None:
    """The statement's span, if its trace is recorded: `rows` as it came from the driver."""
    if not parent.is_recording():
        return
    name, attributes = _describe(statement)
    further: dict[str, str | int] = {}
    if rows >= 0:
        further["db.response.returned_rows"] = rows
    if failure is not None:
        # Whether a lock was not had or a time was over: PostgreSQL's code tells it.
        code = getattr(failure, "sqlstate", None)
        if code is not None:
            further["db.response.status_code"] = code
        further["error.type"] = code or type(failure).__name__
    span = tracer.start_span(
        name,
        trace.set_span_in_context(parent),
        trace.SpanKind.CLIENT,
        {**attributes, **further},
        start_time=started_ns,
    )
    if failure is not None:
        span.set_status(trace.StatusCode.ERROR)
    span.end()


def _columns_behind(table: re.Match[str]) -> int:
    listed = _COLUMNS.match(table.string, table.end())
    return listed.group().count(",") if listed else 0


# Statements are constants of the code with parameters, a few hundred at most.
@lru_cache(maxsize=1024)
def _describe(statement: str) -> tuple[str, dict[str, str]]:
    """The span's name and attributes, as OpenTelemetry's conventions for databases have them."""
    operation = statement.split(None, 1)[0].upper()
    tables = list(_TABLE.finditer(statement))
    table = tables[0] if tables else None
    if table is not None and operation == "WITH":
        # Of one that reads and writes, what it writes with most columns: its purpose.
        written = [each for each in tables if each.group(1).upper() != "FROM"]
        table = max(written, key=_columns_behind, default=table)
        operation = _OPERATIONS[table.group(1).upper()]
    attributes = {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.text": " ".join(statement.split()),
    }
    if table is None:
        return operation, attributes
    attributes["db.collection.name"] = table.group(2)
    return f"{operation} {table.group(2)}", attributes
