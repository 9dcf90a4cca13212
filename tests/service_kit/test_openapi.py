"""The OpenAPI document describes msgspec structs as they are sent."""

import re
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from service_kit.http.openapi import (
    PROBLEM_RESPONSES,
    complete_document,
    json_of,
    serve_docs,
)
from service_kit.http.routes import RequestForms
from service_kit.telemetry.server_spans import route_of


class Line(Struct, rename={"name": "nom"}):
    name: str


class Figures(Struct, rename={"lines": "lignes"}):
    lines: list[Line]


class Age(Struct):
    seconds: int


router = APIRouter()


@router.get("/figures", responses={200: json_of(Figures)})
def get_figures() -> Response:
    return Response(b'{"lignes":[]}')


@router.get("/both", responses={200: json_of(Figures, Age)})
def get_both() -> Response:
    return Response(b'{"lignes":[],"seconds":1}')


@router.post("/figures", status_code=201, responses={202: json_of(list[Age])})
def post_figures() -> Response:
    return Response(b'[{"seconds":1}]', 202)


def described() -> Any:
    app = FastAPI(responses=PROBLEM_RESPONSES)
    app.include_router(router)
    complete_document(app)
    return app.openapi()


def test_an_answer_refers_to_the_components_of_its_structs() -> None:
    document = described()

    schemas = [
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path in ("/figures", "/both")
    ]
    assert schemas == [
        {"$ref": "#/components/schemas/Figures"},
        {"allOf": [{"$ref": "#/components/schemas/Figures"}, {"$ref": "#/components/schemas/Age"}]},
    ]
    components = document["components"]["schemas"]
    assert components["Figures"]["properties"]["lignes"]["items"] == {
        "$ref": "#/components/schemas/Line"
    }
    assert components["Line"]["required"] == ["nom"]


def test_each_status_of_a_route_has_its_own_answer() -> None:
    document = described()

    responses = document["paths"]["/figures"]["post"]["responses"]
    assert responses["202"]["content"]["application/json"]["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Age"},
    }
    assert responses["201"]["content"]["application/json"]["schema"] == {}


def test_every_application_with_a_router_describes_its_answers() -> None:
    assert described() == described()


def test_a_client_learns_how_to_send_its_key() -> None:
    document = described()

    schemes = document["components"]["securitySchemes"]
    assert document["security"] == [{name: []} for name in schemes]
    assert [(each["type"], each.get("name")) for each in schemes.values()] == [
        ("apiKey", "x-token"),
        ("http", None),
    ]


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
async def test_the_page_finds_its_files_and_its_document(path: str) -> None:
    app = FastAPI(docs_url=None, redirect_slashes=False)
    serve_docs(app)
    app.add_middleware(RequestForms, routes=app.routes)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        page = await client.get(path)
        named = re.findall(r"""(?:src=|href=|url: )["']([^"']+)""", page.text)
        found = [await client.get(page.url.join(each)) for each in named]

    assert len(found) == 4
    assert {each.status_code for each in found} == {200}


@pytest.mark.parametrize("name", ["swagger-ui.css", "nowhere.css"])
async def test_telemetry_has_one_name_for_all_files_of_the_page(name: str) -> None:
    app = FastAPI(docs_url=None)
    serve_docs(app)
    named: list[str | None] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        named.append(route_of(scope))

    transport = httpx.ASGITransport(app=noting)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get(f"/docs/files/{name}")

    assert answer.status_code == (200 if name == "swagger-ui.css" else 404)
    assert named == ["/docs/files/{name}"]


async def test_the_root_says_what_this_is_and_leads_to_its_documentation() -> None:
    app = FastAPI(title="Boxes", docs_url=None, redirect_slashes=False)
    serve_docs(app)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        told = (await client.get("/")).json()
        found = [await client.get(told[name]) for name in ("documentation", "openapi")]

    assert told["service"] == "Boxes"
    assert {each.status_code for each in found} == {200}
