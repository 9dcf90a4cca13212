"""All text of a request is in one Unicode form before a route reads it."""

import json
from typing import Annotated, Any
from unicodedata import normalize
from urllib.parse import quote

import httpx
import pytest
from fastapi import Body, FastAPI
from hypothesis import given
from hypothesis import strategies as st

from service_kit.http.normal_text import (
    NormalText,
    normalize_body,
    normalize_query,
    normalize_text,
)

COMPOSED = "Crème brûlée"
DECOMPOSED = normalize("NFD", COMPOSED)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.get("/names/{name}")
    async def get_name(name: str, word: str = "") -> list[str]:
        return [name, word]

    @app.post("/names")
    async def post_name(body: Annotated[Any, Body()]) -> Any:
        return body

    app.add_middleware(NormalText)
    return app


@pytest.fixture
def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")


async def test_the_text_of_a_path_and_of_a_query_is_normal(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"/names/{DECOMPOSED}", params={"word": DECOMPOSED})

    assert answer.json() == [COMPOSED, COMPOSED]


@pytest.mark.parametrize("ensure_ascii", [True, False])
async def test_every_string_of_a_body_is_normal(
    client: httpx.AsyncClient, *, ensure_ascii: bool
) -> None:
    body = {"a": DECOMPOSED, "b": [{"c": [DECOMPOSED, 1.5, None]}]}

    answer = await client.post(
        "/names",
        content=json.dumps(body, ensure_ascii=ensure_ascii),
        headers={"content-type": "application/json"},
    )

    assert answer.json() == {"a": COMPOSED, "b": [{"c": [COMPOSED, 1.5, None]}]}


async def test_a_body_in_parts_is_normal(client: httpx.AsyncClient) -> None:
    async def parts() -> Any:
        # Between the letter and its accent, and in the middle of a character.
        for byte in json.dumps(DECOMPOSED, ensure_ascii=False).encode():
            yield bytes([byte])

    answer = await client.post(
        "/names", content=parts(), headers={"content-type": "application/json"}
    )

    assert answer.json() == COMPOSED


@pytest.mark.parametrize(
    "body",
    [
        b'{"nom" : "Caf\xc3\xa9"}',
        b'{"nom" : "Caf\\u00e9", "nom": 2}',
        b'{"nom": "\xff"}',
        b"[" * 100_000 + b'"\xc3\xa9"',
        b'["\xc3\xa9", ' + b"9" * 5000 + b"]",
        b'"\\ud800"',
        b"",
    ],
)
def test_what_is_normal_or_no_json_stays_byte_for_byte(body: bytes) -> None:
    assert normalize_body(body) == body


# Any text, and text that often is not normal.
TEXTS = st.text() | st.text("aeo\u0301\u0327\u0308")


@given(st.recursive(TEXTS | st.integers() | st.floats(allow_nan=False), st.lists))
def test_normalising_a_document_normalises_its_strings_and_nothing_else(document: Any) -> None:
    def expected(node: Any) -> Any:
        if isinstance(node, list):
            return [expected(each) for each in node]
        return normalize("NFC", node) if isinstance(node, str) else node

    body = json.dumps(document).encode()

    assert json.loads(normalize_body(body)) == expected(document)


def test_a_query_keeps_its_repetitions_and_blanks() -> None:
    query = f"a={quote(DECOMPOSED)}&b=&a=1%2B1".encode()

    assert normalize_query(query) == b"a=Cr%C3%A8me+br%C3%BBl%C3%A9e&b=&a=1%2B1"


@pytest.mark.parametrize("query", [b"a=%2B&b=1+2&c", b"a=%C3%A9&b=1%202&c"])
def test_a_query_that_is_normal_stays_byte_for_byte(query: bytes) -> None:
    assert normalize_query(query) == query


# Two classes of accents in the wrong order: all of the second would be sorted before the first.
MANY_ACCENTS = "a" + "\u0301" * 200_000 + "\u0316" * 200_000


async def test_a_letter_with_many_accents_is_left_as_it_is(client: httpx.AsyncClient) -> None:
    body = json.dumps({"a": MANY_ACCENTS, "b": DECOMPOSED}, ensure_ascii=False)

    # To sort the accents would take minutes.
    answer = await client.post("/names", content=body, headers={"content-type": "application/json"})

    assert answer.json() == {"a": MANY_ACCENTS, "b": COMPOSED}


THAI = "ก\N{THAI CHARACTER MAI EK}" * 40 + DECOMPOSED


@pytest.mark.parametrize("text", ["q\u0307\u0323" * 50, "한글" * 40, "가" * 80, "𝒜" * 40, THAI])
def test_other_long_text_is_normalised(text: str) -> None:
    assert normalize_text(text) == normalize("NFC", text)
