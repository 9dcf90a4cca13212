"""Every operation keeps the rules of HTTP: `HEAD`, `Allow`, `If-Match`, both forms of a path."""

import json
import re
from typing import Any

import httpx
import pytest

from infra.tools.checks.openapi import FOLDER
from tests.access.conftest import key_of
from tests.access.matrix import FOREIGN, HEAD_OFFICE, MATRIX, OWN, Operation
from tests.access.test_access_matrix import OPERATIONS, Services

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CHANGES = ("PUT", "PATCH", "DELETE")
# They change once at most: a second void is refused, and so is the second to take a planned price
# or rate back, whatever the client has read. A released reservation stays as it is. Thresholds are
# replaced as a whole.
WITHOUT_VERSION = {
    "/api/ventes/{vente_id}",
    "/api/produits/{produit_id}/prix/{du}",
    "/api/taxes/{taux_id}",
    "/api/stock/reservations/{reservation_id}",
    "/api/stock/seuils",
}
OPERATIONAL = ("/", "/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs")
RATES = ("ratelimit", "ratelimit-policy")
# They differ between two answers to the same request.
CHANGING = {"server-timing", "retard-ms", "complet-jusqua", "content-length", *RATES}


def documents() -> dict[str, Any]:
    return {name: json.loads((FOLDER / f"{name}.json").read_text()) for name in MATRIX}


def other_form(url: str) -> str:
    """Return the URL with a last slash in its path, or without it."""
    path, question, query = url.partition("?")
    return (path.rstrip("/") if path.endswith("/") else f"{path}/") + question + query


async def send(
    client: httpx.AsyncClient, method: str, url: str, operation: Operation, **headers: str
) -> httpx.Response:
    body = operation.body(OWN) if operation.body else None
    key = {"x-token": key_of(HEAD_OFFICE, is_limited=False)}
    return await client.request(method, url, json=body, headers=key | headers)


async def test_both_forms_of_a_path_answer_alike(services: Services) -> None:
    surprises = []
    for service, name, operation in OPERATIONS:
        method, url = name.partition(" ")[0], operation.url(OWN)
        one = await send(services[service], method, url, operation)
        other = await send(services[service], method, other_form(url), operation)
        if (one.status_code, set(one.headers)) != (other.status_code, set(other.headers)):
            surprises.append((name, one.status_code, other.status_code))

    assert surprises == []


async def test_head_answers_wherever_get_does(services: Services) -> None:
    def fixed(answer: httpx.Response) -> list[tuple[str, str]]:
        return [each for each in answer.headers.items() if each[0] not in CHANGING]

    surprises = []
    for service, name, operation in OPERATIONS:
        if not name.startswith("GET "):
            continue
        got = await send(services[service], "GET", operation.url(OWN), operation)
        head = await send(services[service], "HEAD", operation.url(OWN), operation)
        if (head.status_code, fixed(head), head.content) != (got.status_code, fixed(got), b""):
            surprises.append(name)

    assert surprises == []


@pytest.mark.parametrize("path", OPERATIONAL)
async def test_head_answers_to_probes(services: Services, path: str) -> None:
    for client in services.values():
        for url in (path, other_form(path)) if path != "/" else (path,):
            got, head = await client.get(url), await client.head(url)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert got.status_code == 200


async def test_a_refused_method_is_told_those_that_are_not(services: Services) -> None:
    surprises = []
    for service, document in documents().items():
        for template, methods in document["paths"].items():
            url = re.sub(r"\{\w+\}", "1", template)
            # Without a key: a method that the path has is answered 401.
            answers = {each: await services[service].request(each, url) for each in METHODS}
            refused = [each for each in answers.values() if each.status_code == 405]
            permitted = {each for each, answer in answers.items() if answer.status_code != 405}
            told = {frozenset(each.headers["allow"].split(", ")) for each in refused}
            documented = {each.upper() for each in methods}
            # Each path refuses one method at least.
            if told != {frozenset(permitted)} or not documented <= permitted:
                surprises.append((url, told, permitted))

    assert surprises == []


async def test_every_change_can_be_conditional(
    services: Services, office: httpx.AsyncClient
) -> None:
    made = await office.post("/api/cles/", json={"nom": "conditional", "role": "till"})
    assert made.status_code == 201, made.text
    surprises = []
    for service, name, operation in OPERATIONS:
        method, _, path = name.partition(" ")
        if method not in CHANGES or path in WITHOUT_VERSION:
            continue
        # The matrix changes what does not exist, where a changed one would answer differently.
        url = operation.url(OWN).replace("9999", str(FOREIGN)).replace("nobody", "conditional")
        answer = await send(services[service], method, url, operation, **{"if-match": '"0"'})
        described = documents()[service]["paths"][path][method.lower()]["parameters"]
        names = {each["name"].lower() for each in described}
        if (answer.status_code, "if-match" in names) != (412, True):
            surprises.append((name, answer.status_code, names))

    assert surprises == []
