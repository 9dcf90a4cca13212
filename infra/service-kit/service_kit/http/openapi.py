"""Makes the OpenAPI document true, with problems and msgspec structs, and shows it at `/docs`."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from service_kit.http.problems import FURTHER_ROWS, MOST_DESCRIBED

_Pointer = Annotated[str, Meta(description="JSON Pointer into the body (RFC 6901)")]
_Parameter = Annotated[str, Meta(description="Query parameter, path step or header")]
_Rows = Annotated[
    list[int], Meta(description="Rows of the body, from 0, with faults beyond those in `errors`")
]


class Fault(msgspec.Struct):
    """One fault of a request."""

    code: str
    detail: str
    pointer: _Pointer | UnsetType = UNSET
    parameter: _Parameter | UnsetType = UNSET


class Problem(msgspec.Struct):
    """RFC 9457; `code` is stable, `errors` names the faults of the request"""

    type: Annotated[str, Meta(extra_json_schema={"format": "uri"})]
    title: str
    status: int
    code: str
    detail: str
    instance: str
    trace_id: str | None
    errors: Annotated[list[Fault], Meta(max_length=MOST_DESCRIBED)] | UnsetType = UNSET
    further_rows: _Rows | UnsetType = msgspec.field(default=UNSET, name=FURTHER_ROWS)


def json_of(
    *parts: Any, media_type: str = "application/json", combined: str = "allOf"
) -> dict[str, Any]:
    """Return an entry of a route's `responses`: JSON with the members of all the parts.

    With `combined="anyOf"` it has the members of one of the parts.

    The schemas stand under `$defs`; `complete_document` moves them to the document's components.
    """
    references, definitions = msgspec.json.schema_components(
        parts, ref_template="#/components/schemas/{name}"
    )
    schema = references[0] if len(parts) == 1 else {combined: list(references)}
    return {"content": {media_type: {"schema": {**schema, "$defs": definitions}}}}


_PROBLEM_TYPE = "application/problem+json"
PROBLEM = json_of(Problem, media_type=_PROBLEM_TYPE)


def problem_with(members: type[msgspec.Struct]) -> dict[str, Any]:
    """Return an entry of a route's `responses`: a problem with further members."""
    return json_of(Problem, members, media_type=_PROBLEM_TYPE)


# The errors of every route. FastAPI would describe its own 422, which is never sent.
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be carried out as it is", **PROBLEM},
    "503": {
        "description": "Not now: a dependency is away",
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
        **PROBLEM,
    },
}

# Either of them. FastAPI's own classes would read the headers a second time for each request.
_KEY = {
    "token": {"type": "apiKey", "in": "header", "name": "x-token"},
    "bearer": {"type": "http", "scheme": "bearer"},
}


def complete_document(app: FastAPI) -> None:
    """Add what FastAPI does not know: the schemas of `json_of`, and that each route needs a key."""
    plain: Callable[[], dict[str, Any]] = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = plain()
            described["security"] = [{name: []} for name in _KEY]
            components = described.setdefault("components", {})
            components["securitySchemes"] = _KEY
            schemas = components.setdefault("schemas", {})
            for path in described["paths"].values():
                for operation in path.values():
                    for parameter in operation.get("parameters", ()):
                        # Swagger UI fills in this example, and not those of the schema.
                        if examples := parameter["schema"].get("examples"):
                            parameter["example"] = examples[0]
                    for answer in operation["responses"].values():
                        for content in answer.get("content", {}).values():
                            schemas |= content["schema"].pop("$defs", {})
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def serve_docs(app: FastAPI) -> None:
    """Serve `/`, which says where the documentation is, and `/docs`.

    The page takes its files from a package: FastAPI's own page needs the internet. Its addresses
    are relative, so that a gateway can serve it below a prefix.
    """
    files = StaticFiles(packages=[("fastapi_offline", "static")])

    # A route, because telemetry has no name for a file below a mount.
    @app.get("/docs/files/{name}", include_in_schema=False)
    async def get_docs_file(name: str, request: Request) -> Response:
        return await files.get_response(name, request.scope)

    @app.get("/", include_in_schema=False)
    async def get_root() -> dict[str, str]:
        return {"service": app.title, "documentation": "/docs", "openapi": "/openapi.json"}

    @app.get("/docs", include_in_schema=False)
    async def get_docs(request: Request) -> HTMLResponse:
        above = "../" if request.scope["raw_path"].endswith(b"/") else ""
        return get_swagger_ui_html(
            openapi_url=f"{above}openapi.json",
            title=app.title,
            swagger_js_url=f"{above}docs/files/swagger-ui-bundle.js",
            swagger_css_url=f"{above}docs/files/swagger-ui.css",
            swagger_favicon_url=f"{above}docs/files/favicon.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        )
