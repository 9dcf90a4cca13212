"""Where others than this machine can reach a process, a key that can be guessed opens nothing."""

import re
from collections.abc import Callable
from secrets import token_urlsafe
from typing import Any

import pytest
import yaml
from sqlalchemy.ext.asyncio import AsyncEngine

from infra.tools.local.layout import ROOT
from service_kit.http.api_keys import ensure_key
from service_kit.http.callers import LEAST_KEY_LENGTH, is_weak
from service_kit.settings import ServiceSettings
from tests.fixtures.http import client_of
from tests.service_kit.notes_app import create_app


def settings(url: str = "postgresql://none", **more: Any) -> ServiceSettings:
    return ServiceSettings(service_name="notes", database_url=url, http_port=1, **more)


@pytest.mark.parametrize(
    ("host", "accepts", "refuses"),
    [
        ("127.0.0.1", False, False),
        ("127.8.8.8", False, False),
        ("::1", False, False),
        ("localhost", False, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("10.0.0.7", False, True),
        ("sales.example", False, True),
        ("0.0.0.0", True, False),
    ],
)
def test_a_process_beyond_loopback_refuses_weak_keys(
    host: str, accepts: bool, refuses: bool
) -> None:
    assert settings(http_host=host, accept_weak_keys=accepts).refuses_weak_keys is refuses


def environment_secrets() -> list[str]:
    text = (ROOT / ".env.example").read_text()
    return re.findall(r"^\w+_(?:PASSWORD|KEY)=(.*)$", text, re.MULTILINE)


def kubernetes_secrets() -> list[str]:
    text = (ROOT / "infra/deploy/kubernetes/secrets.example.yaml").read_text()
    fields = [each["stringData"].items() for each in yaml.safe_load_all(text)]
    return [value for each in fields for name, value in each if name != "username"]


@pytest.mark.parametrize("read_secrets", [environment_secrets, kubernetes_secrets])
def test_every_secret_of_the_examples_is_weak(read_secrets: Callable[[], list[str]]) -> None:
    values = read_secrets()

    assert values
    # Their beginning makes them weak, however long they are.
    assert [value for value in values if not is_weak(value + "x" * LEAST_KEY_LENGTH)] == []


def test_a_made_key_is_not_weak() -> None:
    assert not is_weak(token_urlsafe(32))
    assert is_weak(token_urlsafe(16))


async def test_a_weak_key_is_refused_whether_it_is_known_or_not(
    notes_engine: AsyncEngine, notes_url: str
) -> None:
    app = create_app(settings(notes_url, http_host="0.0.0.0"))
    strong = token_urlsafe(32)
    async with notes_engine.begin() as connection:
        await ensure_key(connection, strong, "manager", "strong")

    async with client_of(app, notes_engine) as client:
        answers = [
            await client.get("/notes", headers={"x-token": key})
            for key in ("manager", "unknown", "trial-" + "x" * 40)
        ]
        # With a body, the key is checked before the body is read.
        answers.append(await client.post("/notes", json={"id": 1}, headers={"x-token": "manager"}))
        opened = await client.get("/notes", headers={"x-token": strong})

    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (401, "cle-trop-faible")
    }
    assert opened.status_code == 200
