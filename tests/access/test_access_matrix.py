"""Every operation is tried with every role, on a store of the key and on a foreign one."""

import json
from itertools import product
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.checks.openapi import FOLDER
from tests.access.conftest import key_of
from tests.access.matrix import HEAD_OFFICE, MATRIX, OWN, ROLES, STORES, TILL, Operation
from tests.fixtures.waiting import eventually


@pytest.mark.parametrize("service", MATRIX)
def test_the_matrix_has_every_operation_and_no_other(service: str) -> None:
    document = json.loads((FOLDER / f"{service}.json").read_text())
    operations = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }

    assert set(MATRIX[service]) == operations


Services = dict[str, httpx.AsyncClient]
# Service, name and operation.
OPERATIONS = [
    (service, name, operation)
    for service, operations in MATRIX.items()
    for name, operation in operations.items()
]


async def test_every_operation_answers_as_the_matrix_says(services: Services) -> None:
    surprises = []
    tried = list(product(OPERATIONS, ROLES, STORES, (False, True)))
    # Twice: the second round meets the answers that the first one has cached.
    for (service, name, operation), role, store, is_limited in tried * 2:
        key = key_of(role, is_limited=is_limited)
        answer = await call(services[service], name, operation, store, key)
        expected = operation.expected(role, store, is_limited=is_limited)
        surprises += [
            f"{name}, store {store}, {key}: {each}"
            for each in faults_of(answer, expected, role, is_limited=is_limited)
        ]

    assert surprises == []


async def test_no_operation_answers_without_a_key_or_to_a_forged_or_revoked_one(
    services: Services, engines: list[AsyncEngine]
) -> None:
    revoked = key_of(HEAD_OFFICE, is_limited=False)
    for engine in engines:
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE api_keys SET revoked_at = now() WHERE client_id LIKE :client"),
                {"client": f"{revoked}/%"},
            )

    async def statuses(key: str) -> set[int]:
        answers = [
            await call(services[service], name, operation, OWN, key)
            for service, name, operation in OPERATIONS
        ]
        return {answer.status_code for answer in answers}

    assert await statuses("") == await statuses("forged") == {401}
    # Each process hears of the revocation by itself.
    await eventually(lambda: statuses(revoked), {401})


async def call(
    client: httpx.AsyncClient, name: str, operation: Operation, store: int, key: str
) -> httpx.Response:
    method = name.partition(" ")[0]
    body = operation.body(store) if operation.body else None
    return await client.request(method, operation.url(store), json=body, headers={"x-token": key})


def faults_of(answer: httpx.Response, expected: int, role: str, *, is_limited: bool) -> list[str]:
    """Return what is wrong with an answer: its status, a foreign store in it, or a cost."""
    if answer.status_code != expected:
        return [f"{answer.status_code} instead of {expected}"]
    if answer.is_error:
        return []
    faults = []
    # The store that a product was made for is in the catalogue, which all stores share.
    is_shared = answer.url.path.startswith("/api/produits/")
    stores = set() if is_shared else set(values_of("magasin_id", answer.json()))
    if is_limited and (foreign := stores - {OWN}):
        faults.append(f"shows the stores {foreign}")
    if role == TILL and list(values_of("cout", answer.json())):
        faults.append("shows a cost to a till")
    return faults


def values_of(member: str, node: Any) -> list[Any]:
    """Return all values of a member in a JSON document."""
    if isinstance(node, list):
        return [value for child in node for value in values_of(member, child)]
    if not isinstance(node, dict):
        return []
    own = [node[member]] if member in node else []
    return own + [value for child in node.values() for value in values_of(member, child)]
