"""The one table from the errors of the framework and the kit to problems, and its installation."""

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry import trace
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_kit.database.faults import is_lock_timeout, is_not_prepared, is_transient
from service_kit.database.pool import PoolOverloaded
from service_kit.events.outbox import EventTooLarge
from service_kit.events.outbox_backlog import OutboxFull
from service_kit.http.problems import (
    FAULTS,
    MOST_DESCRIBED,
    OR,
    OTHER_HTTP_ERROR,
    Fault,
    Problem,
    ProblemTable,
    invalid_request,
    json_pointer,
)
from service_kit.http.routes import refuse_method
from service_kit.http.state import Queue, api_state

logger = logging.getLogger(__name__)

# The framework's errors that come before a route is reached. 400 is FastAPI's status for a body
# that ends its parser: not UTF-8, or nested too deeply.
STATUS_PROBLEMS = {400: "invalid-json", 404: "unknown-route"}


def _http_exception(error: HTTPException) -> Problem:
    if name := STATUS_PROBLEMS.get(error.status_code):
        return Problem.of(name, headers=error.headers)
    return Problem(error.status_code, OTHER_HTTP_ERROR, str(error.detail), headers=error.headers)


def _invalid_request(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(fault["type"] == "json_invalid" for fault in found):
        return Problem.of("invalid-json")
    described, others = found[:MOST_DESCRIBED], found[MOST_DESCRIBED:]
    rows = {step for each in others for step in each["loc"] if isinstance(step, int)}
    faults = [*map(describe_fault, described), *({"row": row} for row in rows)]
    return invalid_request(faults, count=len(found))


def describe_fault(found: Mapping[str, Any]) -> Fault:
    """Return the fault of one of pydantic's errors, whose place begins with the part it is in."""
    place, *path = found["loc"]
    code = str(found["type"])
    is_whole_body = place == "body" and not path and code == "model_attributes_type"
    template = FAULTS.get("no_json_body" if is_whole_body else code)
    values = _values(found)
    # A `Spelling` has a sentence of its own.
    detail = values.get("sentence") or (
        template.format(**values) if template else str(found["msg"])
    )
    if place == "body":
        return {"pointer": json_pointer(*path), "code": code, "detail": detail}
    return {"parameter": ".".join(map(str, path)), "code": code, "detail": detail}


def _values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values for the sentence about a fault, in which pydantic lists in English."""
    values: dict[str, Any] = found.get("ctx") or {}
    if "expected" not in values:
        return values
    return values | {"expected": values["expected"].replace(" or ", OR)}


def _event_too_large(error: EventTooLarge) -> Problem:
    return Problem.of("event-too-large", event_type=error.event_type, size=error.size)


def _database_error(error: DBAPIError) -> Problem:
    if is_lock_timeout(error):
        return Problem.of("resource-busy")
    if is_not_prepared(error):
        # A migration is missing, or this is a bug: the server's own message says which.
        logger.error("database not prepared", extra={"error": str(error.orig)})
        return Problem.of("database-unavailable")
    if is_transient(error) or isinstance(error, InterfaceError):
        return _unavailable(error)
    raise error  # `UnexpectedErrors` answers it


def _unavailable(error: Exception) -> Problem:
    logger.warning("database unavailable", extra={"error": type(error).__name__})
    return Problem.of("database-unavailable")


_TABLE: ProblemTable = {
    Problem: lambda problem: problem,
    HTTPException: _http_exception,
    RequestValidationError: _invalid_request,
    EventTooLarge: _event_too_large,
    OutboxFull: lambda _: Problem.of("outbox-full"),
    DBAPIError: _database_error,
    PoolTimeout: _unavailable,
    OSError: _unavailable,
}


class Problems:
    """The one table of an application; `kinds` are the errors that it knows."""

    def __init__(self, table: ProblemTable) -> None:
        self._table = table
        self.kinds = tuple(table)

    def of(self, error: Exception) -> Problem:
        """Return the problem of an error of these kinds; raise a bug again."""
        make = next(self._table[kind] for kind in type(error).__mro__ if kind in self._table)
        return make(error)

    def of_part(self, error: Exception) -> Problem:
        """Return the problem of a part of a request; a bug in it is logged and harms no other."""
        try:
            return self.of(error)
        except DBAPIError as bug:
            logger.error("part of a request failed", exc_info=bug)
            return Problem.of("internal-error")


def problems_of(app: FastAPI) -> Problems:
    """Return the table that `install_problems` has given to the application."""
    problems: Problems = app.state.problems
    return problems


def install_problems(app: FastAPI, problem_of: ProblemTable) -> None:
    """Answer every error as a problem; `problem_of` is the service's table of its own errors."""
    state = api_state(app)

    def full_pool(_: PoolOverloaded) -> Problem:
        # Do not log: under load there would be thousands of lines a second.
        state.count_shed(Queue.POOL)
        return Problem.of("database-unavailable")

    problems = Problems({**_TABLE, PoolOverloaded: full_pool, **problem_of})
    app.state.problems = problems

    async def answer(request: Request, error: Exception) -> Response:
        # FastAPI hides what the reading of a body raises behind a 400 of its own.
        if isinstance(error, HTTPException) and isinstance(error.__cause__, problems.kinds):
            error = error.__cause__
        return problems.of(error).response(request.url.path)

    for kind in problems.kinds:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(405, refuse_method)
    app.add_middleware(UnexpectedErrors)


class UnexpectedErrors:
    """Answers a bug with 500 and logs it once.

    Starlette runs a handler for `Exception` in its outermost layer and raises the error again.
    The server would then log it a second time, without its trace, and close a connection that a
    proxy or a client is about to reuse.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_started = False

        async def send_and_note_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, send_and_note_start)
        except Exception as error:
            if has_started or scope["type"] != "http":
                raise
            trace.get_current_span().record_exception(error)
            logger.error("request failed", exc_info=error, extra={"path": scope["path"]})
            await Problem.of("internal-error").response(scope["path"])(scope, receive, send)
