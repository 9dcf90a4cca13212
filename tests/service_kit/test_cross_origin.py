"""Pages of allowed origins read every answer, cached ones and errors included; others read none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry.metrics import NoOpMeter
from prometheus_client import CollectorRegistry
from pydantic import ValidationError
from starlette.types import ASGIApp

from service_kit.http.cached_response import Content
from service_kit.http.callers import Caller
from service_kit.http.cross_origin import share_answers
from service_kit.http.first_answers import FirstAnswers
from service_kit.http.problem_table import install_problems
from service_kit.http.problems import Problem
from service_kit.http.state import ApiState, api_state
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import observe_requests
from service_kit.telemetry.metrics import NO_NATIVE_TELEMETRY, Metrics
from service_kit.telemetry.tracing import Tracing

BOARD = "https://board.example"
PAGE = {"origin": BOARD}
PREFLIGHT = {
    **PAGE,
    "access-control-request-method": "GET",
    "access-control-request-headers": "x-token",
}
EXPOSED = {"ETag", "Link", "Location", "Retry-After", "Server-Timing"}

router = APIRouter()


@router.get("/boxes")
async def get_boxes(request: Request) -> Response:
    async def read() -> Content:
        return Content(b"[]")

    cache = api_state(request.app).response_cache
    return await cache.read_through(request, Caller("till", "till"), ["boxes"], read)


@router.get("/refused/{name}")
async def get_refused(name: str) -> None:
    raise Problem.of(name)


@router.get("/broken")
async def get_broken() -> None:
    raise ZeroDivisionError


def settings_of(origins: str) -> ServiceSettings:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1/nothing"
    return ServiceSettings(
        service_name="any", database_url=nowhere, http_port=1, cors_origins=origins
    )


@asynccontextmanager
async def client_of(origins: str) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of an application with the middlewares of `build_api` that matter here."""
    app = FastAPI(redirect_slashes=False, telemetry=NO_NATIVE_TELEMETRY)
    settings = settings_of(origins)
    app.state.api = state = ApiState(settings, NoOpMeter("any"))
    state.changes.is_live = True
    state.callers.add("till", Caller("till", "till"), since=0)
    app.include_router(router)
    install_problems(app, {})

    def answer_first(inner: ASGIApp) -> ASGIApp:
        return share_answers(FirstAnswers(inner, state), settings.allowed_origins)

    metrics = HttpMetrics(Metrics(CollectorRegistry(), NoOpMeter("any")))
    observe_requests(app, metrics, Tracing(settings, "any"), answer_first)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://service", headers={"x-token": "till"}
    ) as client:
        yield client


def readable_by(answer: httpx.Response) -> str | None:
    """Return the origin whose pages may read an answer; each header stands once."""
    names = [name for name, _ in answer.headers.multi_items()]
    assert len(names) == len(set(names))
    origin: str | None = answer.headers.get("access-control-allow-origin")
    return origin


async def test_a_preflight_needs_no_key() -> None:
    async with client_of(BOARD) as client:
        del client.headers["x-token"]
        answer = await client.options("/boxes", headers=PREFLIGHT)

    assert (answer.status_code, readable_by(answer)) == (200, BOARD)
    assert "x-token" in answer.headers["access-control-allow-headers"].lower()
    assert {"PUT", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


async def test_a_cached_answer_is_right_for_each_origin() -> None:
    async with client_of(f"{BOARD}, loopback") as client:
        local = {"origin": "http://localhost:3000"}
        answers = [
            await client.get("/boxes", headers=headers)
            for headers in (PAGE, local, {}, {"origin": "https://evil.example"}, PAGE)
        ]
        etag = {"if-none-match": answers[0].headers["etag"]}
        unchanged = await client.get("/boxes", headers=PAGE | etag)

    assert [readable_by(each) for each in answers] == [BOARD, local["origin"], None, None, BOARD]
    assert {each.headers["vary"] for each in answers} == {"Origin"}
    assert (unchanged.status_code, readable_by(unchanged)) == (304, BOARD)
    assert set(answers[0].headers["access-control-expose-headers"].split(", ")) >= EXPOSED


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/refused/key-unknown", 401),
        ("/refused/database-unavailable", 503),
        ("/broken", 500),
        ("/nowhere", 404),
    ],
)
async def test_a_page_can_read_an_error(path: str, status: int) -> None:
    async with client_of(BOARD) as client:
        answer = await client.get(path, headers=PAGE)

    assert (answer.status_code, readable_by(answer)) == (status, BOARD)
    assert answer.json()["code"]


async def test_by_default_no_page_reads_anything() -> None:
    async with client_of("") as client:
        answer = await client.get("/boxes", headers=PAGE)
        preflight = await client.options("/boxes", headers=PREFLIGHT)

    assert readable_by(answer) is None
    assert (preflight.status_code, readable_by(preflight)) == (405, None)


@pytest.mark.parametrize(
    "origin",
    ["http://localhost", "http://localhost.evil.example", "https://127.0.0.1:99999x", "null"],
)
async def test_loopback_is_this_machine_and_no_name_that_looks_like_it(origin: str) -> None:
    async with client_of("loopback") as client:
        answer = await client.get("/boxes", headers={"origin": origin})

    assert readable_by(answer) == (origin if origin == "http://localhost" else None)


@pytest.mark.parametrize("origins", ["*", "board.example", "https://board.example/path", "null"])
def test_what_is_no_origin_is_refused_at_the_start(origins: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        settings_of(origins)
