"""Answers that are msgspec structs stand in the OpenAPI document as they are sent."""

from typing import Any

from fastapi import APIRouter, FastAPI, Response
from msgspec import Struct

from service_kit.http.openapi import answered_with, describe_problems


class Line(Struct, rename={"name": "nom"}):
    name: str


class Figures(Struct, rename={"lines": "lignes"}):
    lines: list[Line]


class Age(Struct):
    seconds: int


router = APIRouter()


@router.get("/figures", responses=answered_with(Figures))
def get_figures() -> Response:
    return Response(b'{"lignes":[]}')


@router.get("/both", responses=answered_with(Figures, Age))
def get_both() -> Response:
    return Response(b'{"lignes":[],"seconds":1}')


def described() -> Any:
    app = FastAPI()
    app.include_router(router)
    describe_problems(app)
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


def test_every_application_with_a_router_describes_its_answers() -> None:
    assert described() == described()
