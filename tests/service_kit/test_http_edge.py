"""Every service answers wrong requests with problems, and counts them for Prometheus."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from service_kit.http.limits import MOST_MEMBERS
from service_kit.settings import ServiceSettings
from tests.fixtures.http import client_of
from tests.service_kit.notes_app import create_app

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def code_of(answer: httpx.Response) -> str:
    """Return the stable code of an answer, which must be a complete problem (RFC 9457)."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) - {"errors", "autres_lignes"} == {
        "type",
        "title",
        "status",
        "code",
        "detail",
        "instance",
        "trace_id",
    }
    assert problem["status"] == answer.status_code
    assert problem["type"].endswith(problem["code"])
    assert len(problem["trace_id"]) == 32
    return str(problem["code"])


async def test_a_body_that_says_it_is_too_large_is_refused_unread(
    client: httpx.AsyncClient,
) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.post("/notes", content=unread(), headers={"Content-Length": "1025"})

    assert (answer.status_code, code_of(answer)) == (413, "corps-trop-grand")


@pytest.mark.parametrize(("key", "code"), [(None, "cle-absente"), ("nobody's", "cle-inconnue")])
async def test_the_body_of_a_request_without_a_valid_key_is_not_read(
    client: httpx.AsyncClient, key: str | None, code: str
) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    del client.headers["x-token"]
    headers = {"Content-Type": "application/json"} | ({"x-token": key} if key else {})
    answer = await client.post("/notes", content=unread(), headers=headers)

    assert (answer.status_code, code_of(answer)) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_body_of_more_members_than_any_right_one_is_not_parsed(
    client: httpx.AsyncClient, notes_engine: AsyncEngine, notes_url: str
) -> None:
    large = create_app(ServiceSettings(service_name="notes", database_url=notes_url, http_port=1))
    body = b"{" + b",".join(b'"%d":0' % each for each in range(MOST_MEMBERS + 1)) + b"}"
    headers = {"Content-Type": "application/json"}
    async with client_of(large, notes_engine) as other:
        answer = await other.post("/notes", content=body, headers=headers)

    assert (answer.status_code, code_of(answer)) == (413, "corps-trop-complexe")


async def test_many_faults_are_a_short_answer(client: httpx.AsyncClient) -> None:
    body = {"id": 1, "parts": [{}] * 110}

    answer = await client.post("/notes", json=body)

    assert (answer.status_code, code_of(answer)) == (422, "requete-invalide")
    assert answer.json()["detail"] == "La requête contient 110 erreur(s)."
    assert len(answer.json()["errors"]) == 100
    assert answer.json()["autres_lignes"] == list(range(100, 110))


async def test_a_body_that_grows_too_large_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 256

    json = {"Content-Type": "application/json"}
    answer = await client.post("/notes", content=chunks(), headers=json)

    assert (answer.status_code, code_of(answer)) == (413, "corps-trop-grand")


async def test_a_body_of_the_largest_size_is_read(client: httpx.AsyncClient) -> None:
    body = b'{"id": 1}'.ljust(1024)

    answer = await client.post("/notes", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b'{"id": 1,}', b"\xff\xfe", b"[" * 1000])
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/notes", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code in (400, 422)
    assert code_of(answer) in ("json-invalide", "requete-invalide")
    assert "There was an error" not in answer.json()["detail"]


async def test_all_faults_of_a_body_are_in_one_answer(client: httpx.AsyncClient) -> None:
    body = {"id": 0, "parts": [{"size": 1}, {"size": "x"}, {}], "colour/~": "red"}

    answer = await client.post("/notes", json=body)

    assert (answer.status_code, code_of(answer)) == (422, "requete-invalide")
    assert {(error["pointer"], error["code"]) for error in answer.json()["errors"]} == {
        ("/id", "greater_than_equal"),
        ("/parts/1/size", "int_type"),
        ("/parts/2/size", "missing"),
        ("/colour~1~0", "extra_forbidden"),
    }


async def test_a_wrong_parameter_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.get("/notes?most=many")

    assert (answer.status_code, code_of(answer)) == (422, "requete-invalide")
    assert [error["parameter"] for error in answer.json()["errors"]] == ["most"]


async def test_a_body_of_another_media_type_than_json_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/notes", content=b'{"text": "a"}', headers={"Content-Type": "text/plain"}
    )

    assert (answer.status_code, code_of(answer)) == (422, "requete-invalide")
    assert "Content-Type: application/json" in answer.json()["errors"][0]["detail"]


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")

    assert (answer.status_code, code_of(answer)) == (404, "route-inconnue")
    assert answer.json()["instance"] == "/nowhere"
    assert answer.json()["detail"] == "Aucune ressource à cette adresse."


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.delete("/notes")

    assert (answer.status_code, code_of(answer)) == (405, "methode-non-permise")
    assert answer.json()["detail"] == "Cette méthode n'est pas permise ici."
    assert answer.headers["Allow"] == "GET, HEAD, POST"


async def test_an_error_of_the_service_has_the_status_of_its_table(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/notes", json={"id": 409})

    assert (answer.status_code, code_of(answer)) == (409, "note-prise")
    assert answer.json()["detail"] == "La note 409 existe."


async def test_a_bug_is_answered_without_its_cause(client: httpx.AsyncClient) -> None:
    answer = await client.get("/notes/7/bug")

    assert (answer.status_code, code_of(answer)) == (500, "erreur-interne")
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/notes/7/bug", "/notes?most=many"])
async def test_an_error_names_the_trace_of_its_caller(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-00"})

    assert answer.json()["trace_id"] == TRACE_ID


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "cle-absente"),
        ({"x-token": ""}, "cle-absente"),
        ({"Authorization": "Basic aGVhZC1vZmZpY2U="}, "cle-absente"),
        ({"x-token": "guessed"}, "cle-inconnue"),
        ({"Authorization": "Bearer guessed"}, "cle-inconnue"),
    ],
)
async def test_without_a_known_key_there_is_no_access(
    client: httpx.AsyncClient, headers: dict[str, str], code: str
) -> None:
    del client.headers["x-token"]

    answer = await client.get("/notes", headers=headers)

    assert (answer.status_code, code_of(answer)) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_key_may_come_as_a_bearer_token(client: httpx.AsyncClient) -> None:
    del client.headers["x-token"]

    answer = await client.get("/notes", headers={"Authorization": "bearer head-office"})

    assert answer.status_code == 200


async def test_a_role_without_the_right_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/notes", json={"id": 1}, headers={"x-token": "till"})

    assert (answer.status_code, code_of(answer)) == (403, "role-insuffisant")


async def test_a_revoked_key_opens_nothing(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.begin() as connection:
        await connection.execute(text("UPDATE api_keys SET revoked_at = now()"))

    answer = await client.get("/notes")

    assert (answer.status_code, code_of(answer)) == (401, "cle-inconnue")


async def test_no_key_is_kept_as_it_is(
    client: httpx.AsyncClient, notes_engine: AsyncEngine
) -> None:
    async with notes_engine.connect() as connection:
        hashes = (await connection.execute(text("SELECT key_hash FROM api_keys"))).scalars()

        assert all(len(each) == 32 and b"till" not in each for each in hashes)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics"])
async def test_probes_and_metrics_need_no_key(client: httpx.AsyncClient, path: str) -> None:
    del client.headers["x-token"]

    assert (await client.get(path)).status_code == 200


async def test_readiness_names_what_is_missing_and_the_process_lives_on(
    orphaned_app: FastAPI, plumbing_engine: AsyncEngine
) -> None:
    async with client_of(orphaned_app, plumbing_engine) as client:
        ready = await client.get("/health/ready")
        live = await client.get("/health/live")

    assert ready.status_code == 503
    assert list(ready.json()["missing"]) == ["postgresql"]
    assert live.status_code == 200
