"""Errors as the outside sees them: `application/problem+json` (RFC 9457) with a stable code."""

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self, TypedDict

import orjson
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
from service_kit.http import sentences
from service_kit.http.sentences import Sentence
from service_kit.http.shedding import Queue
from service_kit.http.state import api_state
from service_kit.telemetry.tracing import current_trace_id

logger = logging.getLogger(__name__)

PROBLEM_CONTENT_TYPE = "application/problem+json"


class FieldError(TypedDict, total=False):
    """One fault of a request; `pointer` is a JSON Pointer (RFC 6901) into the body."""

    pointer: str
    parameter: str
    code: str
    detail: str


class Problem(Exception):
    """An answer that is an error; `code` is stable and meant for programs."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = list(errors)
        self.headers = dict(headers or {})

    @classmethod
    def of(
        cls,
        sentence: Sentence,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Self:
        """Make the problem that a sentence describes, with these values in its text."""
        retry = {"Retry-After": str(sentence.retry_after)} if sentence.retry_after else {}
        detail = sentence.detail.format(**values)
        return cls(sentence.status, sentence.code, detail, errors, {**retry, **(headers or {})})


class BodyRefused(HTTPException):
    """Carries a problem out of FastAPI's reading of a body, which passes on no other error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, problem.detail)
        self.problem = problem


# How a service answers an error of its own: with this status and the error's `code`, text and
# `errors`, or with the problem that this function makes of it.
StatusOrProblem = int | Callable[[Any], Problem]


def problem_response(problem: Problem, instance: str) -> Response:
    """Return the problem as an HTTP answer, with the id of its trace."""
    body: dict[str, Any] = {
        "type": f"urn:comptoir:probleme:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "instance": instance,
        "trace_id": current_trace_id(),
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(
        orjson.dumps(body),
        problem.status,
        headers=problem.headers,
        media_type=PROBLEM_CONTENT_TYPE,
    )


def install_problem_handlers(
    app: FastAPI, status_of: Mapping[type[Exception], StatusOrProblem]
) -> None:
    """Answer every error of the application as a problem.

    `status_of` is the service's one table of its own errors.
    """

    async def answer_domain_error(request: Request, error: Exception) -> Response:
        answer = next(status_of[kind] for kind in type(error).__mro__ if kind in status_of)
        if isinstance(answer, int):
            code = getattr(error, "code", "erreur")
            problem = Problem(answer, code, str(error), getattr(error, "errors", ()))
        else:
            problem = answer(error)
        return problem_response(problem, request.url.path)

    for kind in status_of:
        app.add_exception_handler(kind, answer_domain_error)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(EventTooLarge, _answer_too_large)
    app.add_exception_handler(OutboxFull, _answer_full_outbox)
    app.add_exception_handler(DBAPIError, _answer_database_error)
    app.add_exception_handler(PoolTimeout, _answer_full_pool)
    app.add_exception_handler(OSError, _answer_unavailable)
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
            response = await _answer_unexpected(Request(scope), error)
            await response(scope, receive, send)


async def _answer_too_large(request: Request, error: Exception) -> Response:
    assert isinstance(error, EventTooLarge)
    problem = Problem.of(sentences.EVENT_TOO_LARGE, event_type=error.event_type, size=error.size)
    return problem_response(problem, request.url.path)


async def _answer_full_outbox(request: Request, error: Exception) -> Response:
    return problem_response(Problem.of(sentences.OUTBOX_FULL), request.url.path)


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request.url.path)


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(fault["type"] == "json_invalid" for fault in found):
        return problem_response(Problem.of(sentences.INVALID_JSON), request.url.path)
    return problem_response(
        invalid_request([_field_error(fault) for fault in found]), request.url.path
    )


def invalid_request(faults: Sequence[FieldError]) -> Problem:
    """Return the problem 422 that lists these faults of a request."""
    return Problem.of(sentences.INVALID_REQUEST, faults, count=len(faults))


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    place, *path = fault["loc"]
    code = str(fault["type"])
    template = sentences.OF_FIELD.get(code)
    if place == "body" and not path and code == "model_attributes_type":
        template = sentences.NO_JSON_BODY
    detail = template.format(**fault.get("ctx") or {}) if template else str(fault["msg"])
    if place == "body":
        return {"pointer": json_pointer(*path), "code": code, "detail": detail}
    return {"parameter": ".".join(map(str, path)), "code": code, "detail": detail}


def json_pointer(*path: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a path into a document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyRefused):
        return problem_response(error.problem, request.url.path)
    if sentence := sentences.OF_STATUS.get(error.status_code):
        problem = Problem.of(sentence, headers=error.headers)
    else:
        code = sentences.OTHER_HTTP_ERROR
        problem = Problem(error.status_code, code, str(error.detail), headers=error.headers)
    return problem_response(problem, request.url.path)


async def _answer_database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    if is_lock_timeout(error):
        return problem_response(Problem.of(sentences.RESOURCE_BUSY), request.url.path)
    if is_not_prepared(error):
        # A migration is missing, or this is a bug: the server's own words tell which.
        logger.error("database not prepared", extra={"error": str(error.orig)})
        return unavailable(request.url.path)
    if is_transient(error) or isinstance(error, InterfaceError):
        return await _answer_unavailable(request, error)
    return await _answer_unexpected(request, error)


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    logger.warning("database unavailable", extra={"error": type(error).__name__})
    return unavailable(request.url.path)


async def _answer_full_pool(request: Request, error: Exception) -> Response:
    if not isinstance(error, PoolOverloaded):
        return await _answer_unavailable(request, error)
    # Do not log: under load there would be thousands of lines a second.
    api_state(request.app).shedding.count(Queue.POOL)
    return unavailable(request.url.path)


def unavailable(path: str) -> Response:
    """Return 503: the database does not answer, or has more to do than it can."""
    return problem_response(Problem.of(sentences.DATABASE_UNAVAILABLE), path)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    logger.error("request failed", exc_info=error, extra={"path": request.url.path})
    return problem_response(Problem.of(sentences.INTERNAL_ERROR), request.url.path)
