"""A path answers with and without its last slash, and `HEAD` wherever `GET` does."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request, Response
from opentelemetry.metrics import NoOpMeter
from prometheus_client import CollectorRegistry

from service_kit.http.cached_response import Content
from service_kit.http.callers import Caller
from service_kit.http.first_answers import FirstAnswers
from service_kit.http.problem_table import install_problems
from service_kit.http.routes import RequestForms
from service_kit.http.state import ApiState, api_state
from service_kit.settings import ServiceSettings
from service_kit.telemetry.http_metrics import HttpMetrics
from service_kit.telemetry.http_telemetry import observe_requests
from service_kit.telemetry.metrics import NO_NATIVE_TELEMETRY, Metrics
from service_kit.telemetry.tracing import Tracing

router = APIRouter()

TILL = Caller("till", "till")


@router.get("/boxes/")
async def get_boxes(request: Request) -> str:
    return request.method


@router.post("/boxes/", status_code=201)
async def post_box() -> str:
    return "made"


@router.get("/boxes/{number}/parts")
async def get_parts(number: int, request: Request) -> Response:
    async def read() -> Content:
        return Content(b"[%d]" % number)

    cache = api_state(request.app).response_cache
    return await cache.read_through(request, TILL, ["parts"], read)


@router.put("/boxes/{number}")
async def put_box(number: int) -> None:
    raise ZeroDivisionError(number)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def app(registry: CollectorRegistry) -> FastAPI:
    """Return an application with the middlewares of `build_api` that see a request's form."""
    app = FastAPI(redirect_slashes=False, telemetry=NO_NATIVE_TELEMETRY)
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1/nothing"
    settings = ServiceSettings(
        service_name="any", database_url=nowhere, http_port=1, key_rate=0, address_rate=0
    )
    app.state.api = state = ApiState(settings, NoOpMeter("any"))
    state.changes.is_live = True
    state.callers.add("till", TILL, since=0)
    app.include_router(router)
    install_problems(app, {})
    app.add_middleware(RequestForms, routes=app.routes)
    app.add_middleware(FirstAnswers, state=state)
    metrics = HttpMetrics(Metrics(registry, NoOpMeter("any")))
    observe_requests(app, metrics, Tracing(settings, "any"))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://service", headers={"x-token": "till"}
    ) as client:
        yield client


def count_of(registry: CollectorRegistry, handler: str) -> float:
    name = "http_request_duration_seconds_count"
    return registry.get_sample_value(name, {"handler": handler}) or 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/boxes", 200),
        ("POST", "/boxes", 201),
        ("GET", "/boxes/7/parts", 200),
        ("PUT", "/boxes/7", 500),
        ("GET", "/boxes/x/parts", 422),
        ("GET", "/nowhere", 404),
        ("DELETE", "/boxes", 405),
        ("GET", "/openapi.json", 200),
    ],
)
async def test_both_forms_of_a_path_answer_the_same(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    bare, with_slash = [await client.request(method, each) for each in (path, f"{path}/")]

    assert (bare.status_code, with_slash.status_code) == (status, status)
    assert bare.headers.get("content-type") == with_slash.headers.get("content-type")


async def test_all_forms_of_a_request_are_counted_under_the_route(
    client: httpx.AsyncClient, registry: CollectorRegistry
) -> None:
    for path in ("/boxes", "/boxes/"):
        await client.get(path)
        await client.head(path)
    for path in ("/boxes/7", "/boxes/7/"):
        await client.put(path)
    for path in ("/nowhere", "/nowhere/"):
        await client.head(path)

    assert count_of(registry, "/boxes/") == 4
    assert count_of(registry, "/boxes/{number}") == 2
    assert count_of(registry, "none") == 2


@pytest.mark.parametrize("path", ["/boxes/", "/boxes", "/nowhere", "/boxes/x/parts", "/boxes/7"])
async def test_head_has_the_status_and_the_headers_of_get_and_no_body(
    client: httpx.AsyncClient, path: str
) -> None:
    got, head = await client.get(path), await client.head(path)

    assert head.content == b""
    assert head.status_code == got.status_code
    changing = ("server-timing",)
    assert [each for each in head.headers.items() if each[0] not in changing] == [
        each for each in got.headers.items() if each[0] not in changing
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_each_form_fills_the_cache_for_the_others(
    app: FastAPI, client: httpx.AsyncClient, registry: CollectorRegistry, method: str
) -> None:
    cache = api_state(app).response_cache
    await client.request(method, "/boxes/7/parts/")

    got = [await client.get(each) for each in ("/boxes/7/parts", "/boxes/7/parts/")]
    head = await client.head("/boxes/7/parts")

    assert (cache.hits, cache.misses) == (3, 1)
    assert [each.text for each in got] == ["[7]", "[7]"]
    assert (head.content, head.headers["content-length"]) == (b"", "3")
    assert count_of(registry, "/boxes/{number}/parts") == 4


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/boxes/", "GET, HEAD, POST"),
        ("DELETE", "/boxes", "GET, HEAD, POST"),
        ("GET", "/boxes/7", "PUT"),
        ("HEAD", "/boxes/7/", "PUT"),
        ("POST", "/boxes/7/parts", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
    ],
)
async def test_a_refused_method_is_told_all_that_are_allowed(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_document_has_one_form_of_each_path(app: FastAPI) -> None:
    assert {path: set(methods) for path, methods in app.openapi()["paths"].items()} == {
        "/boxes/": {"get", "post"},
        "/boxes/{number}/parts": {"get"},
        "/boxes/{number}": {"put"},
    }


def test_a_path_with_a_parameter_may_not_be_declared_with_a_last_slash() -> None:
    app = FastAPI()
    app.add_api_route("/boxes/{number}/", put_box)

    with pytest.raises(ValueError, match="no last slash"):
        RequestForms(app, app.routes)
