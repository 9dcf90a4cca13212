"""Errors as the outside sees them: `application/problem+json` (RFC 9457) with a stable code."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypedDict

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
from service_kit.http.shedding import Queue, count_shed
from service_kit.telemetry.tracing import current_trace_id

logger = logging.getLogger(__name__)

# The codes of errors that the framework raises before a route is reached.
HTTP_CODES = {
    400: "json-invalide",
    404: "route-inconnue",
    405: "methode-non-permise",
    408: "corps-trop-lent",
    413: "corps-trop-grand",
}
# Where the framework has only a status's English name to say.
HTTP_DETAILS = {
    404: "Aucune ressource à cette adresse.",
    405: "Cette méthode n'est pas permise ici.",
}
PROBLEM_CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"


class FieldError(TypedDict, total=False):
    """One fault of a request: `pointer` is a JSON Pointer (RFC 6901) into the body."""

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


def problem_response(problem: Problem, instance: str) -> Response:
    """The problem as an HTTP answer, with the trace that it happened in."""
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


def install_problem_handlers(app: FastAPI, status_of: Mapping[type[Exception], int]) -> None:
    """Answer every error of the application as a problem.

    `status_of` is the service's one table from its own errors to HTTP statuses. Such an error
    has a `code`, its text is the detail, and it may have `errors`, a list of field errors.
    """

    async def answer_domain_error(request: Request, error: Exception) -> Response:
        status = next(status_of[kind] for kind in type(error).__mro__ if kind in status_of)
        code = getattr(error, "code", "erreur")
        problem = Problem(status, code, str(error), getattr(error, "errors", ()))
        return problem_response(problem, request.url.path)

    for kind in status_of:
        app.add_exception_handler(kind, answer_domain_error)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(RequestValidationError, _answer_invalid_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(EventTooLarge, _answer_too_large)
    app.add_exception_handler(DBAPIError, _answer_database_error)
    app.add_exception_handler(PoolTimeout, _answer_full_pool)
    app.add_exception_handler(OSError, _answer_unavailable)
    app.add_middleware(UnexpectedErrors)


class UnexpectedErrors:
    """Answers a bug with 500 and logs it once.

    A handler for `Exception` would run in Starlette's outermost layer, which raises the error
    again: the server would log it a second time, without its trace, and close the connection
    that a proxy or a client is about to use for its next request.
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
    detail = f"Ce qui serait annoncé aux autres services est trop grand ({error})."
    return problem_response(Problem(413, HTTP_CODES[413], detail), request.url.path)


async def _answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request.url.path)


async def _answer_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(fault["type"] == "json_invalid" for fault in found):
        return problem_response(_invalid_json(), request.url.path)
    problem = Problem(
        422,
        "requete-invalide",
        f"La requête contient {len(found)} erreur(s).",
        [_field_error(fault) for fault in found],
    )
    return problem_response(problem, request.url.path)


def _invalid_json() -> Problem:
    return Problem(400, HTTP_CODES[400], "Le corps n'est pas du JSON valide.")


_FRENCH = {
    "missing": "Ce champ est obligatoire.",
    "extra_forbidden": "Ce champ n'existe pas.",
    "int_parsing": "Un nombre entier est attendu.",
    "int_type": "Un nombre entier est attendu.",
    "int_from_float": "Un nombre entier est attendu.",
    "decimal_parsing": "Un nombre décimal est attendu.",
    "decimal_type": "Un nombre décimal est attendu.",
    "string_unicode": "Du texte Unicode valide est attendu.",
    "string_type": "Une chaîne de caractères est attendue.",
    "string_too_short": "Au moins {min_length} caractère(s) attendu(s).",
    "string_too_long": "Au plus {max_length} caractères.",
    "greater_than": "La valeur doit être supérieure à {gt}.",
    "greater_than_equal": "La valeur doit être au moins {ge}.",
    "less_than": "La valeur doit être inférieure à {lt}.",
    "less_than_equal": "La valeur doit être au plus {le}.",
    "too_short": "Au moins {min_length} élément(s) attendu(s).",
    "too_long": "Au plus {max_length} éléments.",
    "enum": "Valeur attendue : {expected}.",
    "literal_error": "Valeur attendue : {expected}.",
    "date_from_datetime_parsing": "Une date AAAA-MM-JJ est attendue.",
    "date_parsing": "Une date AAAA-MM-JJ est attendue.",
    "datetime_parsing": "Un instant ISO 8601 est attendu.",
    "datetime_from_date_parsing": "Un instant ISO 8601 est attendu.",
    "timezone_aware": "L'instant doit porter son décalage horaire.",
    "uuid_parsing": "Un UUID est attendu.",
    "model_attributes_type": "Un objet JSON est attendu.",
    # Of a body that is not said to be JSON, the framework makes none.
    "body": "Un objet JSON est attendu, annoncé par Content-Type: application/json.",
    "list_type": "Une liste est attendue.",
    "decimal_max_places": "Au plus {decimal_places} décimales.",
    "decimal_max_digits": "Au plus {max_digits} chiffres.",
    "decimal_whole_digits": "Au plus {whole_digits} chiffres avant la virgule.",
    "string_pattern_mismatch": "Format attendu : {pattern}.",
    "value_error": "{error}",
    "finite_number": "Un nombre fini est attendu.",
}


def _field_error(fault: Mapping[str, Any]) -> FieldError:
    place, *path = fault["loc"]
    code = str(fault["type"])
    context = fault.get("ctx") or {}
    is_no_body = place == "body" and not path and code == "model_attributes_type"
    template = _FRENCH.get("body" if is_no_body else code)
    detail = template.format(**context) if template else str(fault["msg"])
    if place == "body":
        return {"pointer": json_pointer(*path), "code": code, "detail": detail}
    return {"parameter": ".".join(map(str, path)), "code": code, "detail": detail}


def json_pointer(*path: str | int) -> str:
    """The JSON Pointer (RFC 6901) of a path into a document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:
        # FastAPI's word for a body that ends the parser: not UTF-8, or nested too deeply.
        return problem_response(_invalid_json(), request.url.path)
    code = HTTP_CODES.get(error.status_code, "erreur-http")
    detail = HTTP_DETAILS.get(error.status_code, str(error.detail))
    problem = Problem(error.status_code, code, detail, headers=error.headers)
    return problem_response(problem, request.url.path)


async def _answer_database_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    if is_lock_timeout(error):
        problem = Problem(
            409,
            "ressource-occupee",
            "Une autre requête travaille encore sur la même ressource ; réessayez.",
            headers={"Retry-After": RETRY_AFTER_SECONDS},
        )
        return problem_response(problem, request.url.path)
    if is_not_prepared(error):
        # Before its migration, or a bug: the server's own words tell which.
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
    # Without a log line: there would be thousands a second.
    count_shed(Queue.POOL)
    return unavailable(request.url.path)


def unavailable(path: str) -> Response:
    """503: the database does not answer, or has more to do than it can."""
    problem = Problem(
        503,
        "base-indisponible",
        # A connection that was lost in a commit leaves open whether that has happened.
        "La base de données ne répond pas ; réessayez, avec la même Idempotency-Key pour une"
        " écriture.",
        headers={"Retry-After": RETRY_AFTER_SECONDS},
    )
    return problem_response(problem, path)


async def _answer_unexpected(request: Request, error: Exception) -> Response:
    logger.error("request failed", exc_info=error, extra={"path": request.url.path})
    problem = Problem(500, "erreur-interne", "Erreur interne ; citez la trace pour la retrouver.")
    return problem_response(problem, request.url.path)
