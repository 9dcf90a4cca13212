"""Makes the OpenAPI document true: errors are problems, and answers are msgspec structs."""

from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import FastAPI

_FAULT = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "description": "JSON Pointer into the body (RFC 6901)"},
        "parameter": {"type": "string", "description": "Query parameter, path step or header"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
    "required": ["code", "detail"],
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457; `code` is stable, `errors` names every fault of the request",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "trace_id": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": _FAULT},
    },
    "required": ["type", "title", "status", "code", "detail", "instance", "trace_id"],
}
_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_ANSWERS = {
    "4XX": {"description": "The request cannot be carried out as it is", "content": _CONTENT},
    "503": {
        "description": "Not now: a dependency is away",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
        "content": _CONTENT,
    },
}


def json_of(*parts: Any) -> dict[str, Any]:
    """Return an entry of a route's `responses`: JSON with the members of all the parts.

    The schemas stand under `$defs`; `describe_problems` moves them to the document's components.
    """
    references, definitions = msgspec.json.schema_components(
        parts, ref_template="#/components/schemas/{name}"
    )
    schema = references[0] if len(parts) == 1 else {"allOf": list(references)}
    return {"content": {"application/json": {"schema": {**schema, "$defs": definitions}}}}


def describe_problems(app: FastAPI) -> None:
    """Make the document show `application/problem+json` for every error.

    FastAPI would describe its own 422, which is never sent.
    """
    plain: Callable[[], dict[str, Any]] = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            schemas = described.setdefault("components", {}).setdefault("schemas", {})
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            schemas["Problem"] = _PROBLEM
            for path in described["paths"].values():
                for operation in path.values():
                    schemas.update(_take_definitions(operation["responses"]))
                    _describe(operation["responses"])
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _take_definitions(responses: dict[str, Any]) -> dict[str, Any]:
    definitions: dict[str, Any] = {}
    for answer in responses.values():
        for content in answer.get("content", {}).values():
            definitions |= content.get("schema", {}).pop("$defs", {})
    return definitions


def _describe(responses: dict[str, Any]) -> None:
    responses.pop("422", None)
    for status, answer in responses.items():
        if status.startswith("4"):
            answer["content"] = _CONTENT
    responses.update(_ANSWERS)
