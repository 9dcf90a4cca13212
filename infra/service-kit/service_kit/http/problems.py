"""Errors as clients see them: `application/problem+json` (RFC 9457) with a stable code."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from importlib import resources
from typing import Any, Self

import orjson
from opentelemetry import trace
from starlette.responses import Response

from service_kit.telemetry.tracing import current_trace_id

# Describing every fault of the largest body would take a second of CPU and megabytes.
MOST_DESCRIBED = 100
PROBLEM_CONTENT_TYPE = "application/problem+json"

_SENTENCES = tomllib.loads(resources.files(__package__).joinpath("sentences.toml").read_text())
PROBLEMS: dict[str, dict[str, Any]] = _SENTENCES["problem"]
# The sentences about one field, by pydantic's type of error.
FAULTS: dict[str, str] = _SENTENCES["fault"]
OR: str = _SENTENCES["or"]
OTHER_HTTP_ERROR: str = _SENTENCES["other_http_error"]
FURTHER_ROWS: str = _SENTENCES["further_rows"]
CURSOR: str = _SENTENCES["cursor"]
INVALID_CURSOR: str = _SENTENCES["invalid_cursor"]

# One fault of a request: its `code` and `detail`, and where it is, as a JSON Pointer (`pointer`)
# into the body or the name of a `parameter`. Beyond `MOST_DESCRIBED` a `row` is enough.
Fault = dict[str, Any]


class Problem(Exception):
    """An answer that is an error; `code` is stable and meant for programs."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors[:MOST_DESCRIBED]
        self.further_rows = _rows_of(errors[MOST_DESCRIBED:])
        self.headers = headers or {}
        # What a program needs beside the code (RFC 9457, 3.2).
        self.members = members or {}

    @classmethod
    def of(
        cls,
        name: str,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> Self:
        """Make the problem of this name in `sentences.toml`, with these values in its text."""
        told = PROBLEMS[name]
        retry = {"Retry-After": str(told["retry_after"])} if "retry_after" in told else {}
        detail = told["detail"].format(**values)
        return cls(told["status"], told["code"], detail, errors, retry | dict(headers or {}))

    def response(self, instance: str) -> Response:
        """Return the HTTP answer to the request for `instance`, with the id of its trace."""
        trace.get_current_span().set_attribute("comptoir.problem", self.code)
        body = {
            "type": f"urn:comptoir:probleme:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "instance": instance,
            "trace_id": current_trace_id(),
            **self.content(),
        }
        return Response(orjson.dumps(body), self.status, self.headers, PROBLEM_CONTENT_TYPE)

    def content(self) -> dict[str, Any]:
        """Return what the problem says, for an answer about several things at once."""
        content = {"code": self.code, "detail": self.detail, **self.members}
        if self.errors:
            content["errors"] = self.errors
        if self.further_rows:
            content[FURTHER_ROWS] = self.further_rows
        return content


# How errors are answered; an error that is not in the table is a bug.
ProblemTable = Mapping[type[Exception], Callable[[Any], Problem]]


def invalid_request(faults: Sequence[Fault], count: int | None = None) -> Problem:
    """Return the problem 422 that lists these faults of a request, of `count` in all."""
    return Problem.of("invalid-request", faults, count=len(faults) if count is None else count)


def _rows_of(errors: Sequence[Fault]) -> list[int]:
    """Return the rows of the body's lists in which these faults are, each once."""
    rows = {fault["row"] for fault in errors if "row" in fault}
    for fault in errors:
        steps = fault.get("pointer", "").split("/")
        rows |= {int(step) for step in steps if step.isdecimal()}
    return sorted(rows)


def json_pointer(*path: str | int) -> str:
    """Return the JSON Pointer (RFC 6901) of a path into a document."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
