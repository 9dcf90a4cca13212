"""What requests may take together: bytes of bodies, places to wait, texts of faults."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry.metrics import NoOpMeter
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from service_kit.http.callers import Caller
from service_kit.http.limits import BodyBounds, BodyLimit
from service_kit.http.problems import MOST_DESCRIBED, Problem
from service_kit.http.state import ApiState, Queue, api_state
from service_kit.http.waiters import Waiters
from service_kit.settings import ServiceSettings

METER = NoOpMeter("test")


class State(ApiState):
    """Has room for fifteen bytes of bodies, and notes which queue was full."""

    def __init__(self) -> None:
        settings = ServiceSettings(
            service_name="test",
            database_url="postgresql+asyncpg://",
            http_port=1,
            most_body_bytes=15,
        )
        super().__init__(settings, METER)
        self.full: list[Queue] = []

    def count_shed(self, queue: Queue) -> None:
        self.full.append(queue)


async def test_bodies_have_a_bound_together_and_the_room_is_free_again_afterwards() -> None:
    is_read = asyncio.Event()
    may_answer = asyncio.Event()

    async def read(request: Request) -> Response:
        size = len(await request.body())
        is_read.set()
        await may_answer.wait()
        return PlainTextResponse(str(size))

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response(request.url.path)

    state = State()
    app = Starlette(
        routes=[Route("/", read, methods=["POST"])],
        middleware=[Middleware(BodyLimit, max_bytes=10, state=state)],
        exception_handlers={Problem: refuse},
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        first = asyncio.create_task(client.post("/", content=b"x" * 10))
        await is_read.wait()
        async with asyncio.timeout(5):  # not refused, it would wait for the first
            refused = await client.post("/", content=b"x" * 6)
        small = asyncio.create_task(client.post("/", content=b"x" * 5))
        may_answer.set()

        assert (refused.status_code, refused.json()["code"]) == (503, "surcharge")
        assert refused.headers["retry-after"]
        assert state.full == [Queue.BODIES]
        assert [(await first).text, (await small).text] == ["10", "5"]
        assert (await client.post("/", content=b"x" * 10)).text == "10"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/", b"x" * 11, "corps-trop-grand"),
        ("/wide", b"x" * 12, None),
        ("/wide", b"x" * 13, "corps-trop-grand"),
        ("/wide", b"::", None),
        ("/wide", b":::", "corps-trop-complexe"),
    ],
)
async def test_a_path_may_have_bounds_of_its_own(path: str, body: bytes, code: str | None) -> None:
    async def read(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    async def refuse(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response(request.url.path)

    wide = {"/wide": BodyBounds(most_bytes=12, most_members=2)}
    app = Starlette(
        routes=[Route("/", read, methods=["POST"]), Route("/wide", read, methods=["POST"])],
        middleware=[Middleware(BodyLimit, max_bytes=10, state=State(), others=wide)],
        exception_handlers={Problem: refuse},
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        declared = await client.post(path, content=body)

        async def parts() -> AsyncIterator[bytes]:
            for each in body:
                yield bytes([each])

        streamed = await client.post(path, content=parts())

    for answer in declared, streamed:
        if code is None:
            assert answer.text == str(len(body))
        else:
            assert (answer.status_code, answer.json()["code"]) == (413, code)


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("", 401, "cle-absente"),
        ("unknown", 503, "base-indisponible"),
        ("manager", 413, "corps-trop-grand"),
    ],
)
async def test_what_ends_the_reading_of_a_body_is_the_answer(
    orphaned_app: FastAPI, key: str, status: int, code: str
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 512 * 1024

    state = api_state(orphaned_app)
    state.changes.is_live = True
    state.callers.add("manager", Caller("manager", "manager"), since=0)
    state.read_engine = create_async_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    transport = httpx.ASGITransport(app=orphaned_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        headers = {"x-token": key, "content-type": "application/json"}
        answer = await client.post("/notes", content=chunks(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_waiting_has_places_of_its_own() -> None:
    waiters = Waiters(most=1, meter=METER)

    with waiters.place() as first, waiters.place() as second:
        assert (first, second) == (True, False)
    with waiters.place() as third:
        assert third


def test_of_many_faults_the_first_are_described_and_the_others_are_rows() -> None:
    faults: list[dict[str, Any]] = [
        {"pointer": f"/panier/{row}/{member}", "code": "missing", "detail": "Ce champ manque."}
        for row in range(MOST_DESCRIBED)
        for member in ("produit_id", "quantite")
    ]

    problem = Problem(422, "requete-invalide", "Trop", [*faults, {"pointer": "/a12", "code": "x"}])

    assert problem.errors == faults[:MOST_DESCRIBED]
    assert Problem(422, "x", "Trop", [*faults, {"row": 500}]).further_rows[-1] == 500
    assert problem.further_rows == list(range(MOST_DESCRIBED // 2, MOST_DESCRIBED))
