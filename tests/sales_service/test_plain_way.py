"""A sale that nothing is wrong with goes past FastAPI, and is answered as FastAPI's way would."""

from typing import Any

import httpx
import pytest

from service_kit.plain_requests import plain_body
from tests.sales_service.conftest import Shop

PLAIN = {"content-type": "application/json"}
USUAL = {"content-type": "application/json; charset=utf-8"}
LINE = '{"produit_id": %d, "quantite": 1}'

BODIES = [
    '{"magasin_id": 1, "panier": [' + LINE % 1 + "]}",
    '{"magasin_id": 1, "panier": [' + LINE % 1 + '], "date": "2026-03-01T10:00:00.5"}',
    '{"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 3, "prix_unitaire": 2.675}]}',
    '{"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 3, "prix_unitaire": "2.5"}]}',
    '{"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 1, "prix_unitaire": NaN}]}',
    '{"magasin_id": 1, "panier": [{"produit_id": 1, "quantite": 1.0}]}',
    '{"magasin_id": "1", "panier": [' + LINE % 1 + "]}",
    '{"magasin_id": 99999999999999999999999, "panier": [' + LINE % 1 + "]}",
    '{"magasin_id": 1, "panier": [' + LINE % 99 + "]}",
    '{"magasin_id": 1, "panier": [], "magasin_id": 2}',
    '{"magasin_id": 1, "panier": [' + LINE % 1 + '], "caisse": "\\u0000"}',
    '{"magasin_id": 1, "panier": [' + LINE % 1 + '], "couleur": "bleu"}',
    "[" * 100_000,
    '{"magasin_id": 1',
    "",
    "\xff",
    "null",
]
HEADERS = [
    {},
    {"idempotency-key": ""},
    {"idempotency-key": "k" * 256},
    {"x-token": "nobody's"},
    {"prefer": "wait=0"},
]
_OWN = ("id", "vente_id", "numero", "date")


def told(answer: httpx.Response) -> tuple[int, str | None, Any]:
    """All that two answers to the same basket have in common."""
    body = answer.json()
    for name in (*_OWN, "trace_id", "instance"):
        body.pop(name, None)
    return answer.status_code, answer.headers.get("content-type"), body


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request had a body for the plain way."""
    seen: list[bool] = []

    async def noting(request: Any, model: Any) -> Any:
        body = await plain_body(request, model)
        seen.append(body is not None)
        return body

    monkeypatch.setattr("sales_service.api.sales.plain_body", noting)
    return seen


async def post(shop: Shop, content: str, headers: dict[str, str]) -> httpx.Response:
    return await shop.client.post(
        "/api/ventes/", content=content.encode("latin-1"), headers=headers
    )


@pytest.mark.parametrize("content", BODIES, ids=range(len(BODIES)))
async def test_both_ways_answer_a_body_alike(shop: Shop, content: str) -> None:
    plain, usual = await post(shop, content, PLAIN), await post(shop, content, USUAL)

    assert told(plain) == told(usual)
    assert plain.status_code < 500


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
async def test_both_ways_answer_headers_alike(shop: Shop, headers: dict[str, str]) -> None:
    plain, usual = (
        await post(shop, BODIES[0], headers | PLAIN),
        await post(shop, BODIES[0], headers | USUAL),
    )

    assert told(plain) == told(usual)


async def test_only_what_is_plain_goes_the_plain_way(shop: Shop, taken: list[bool]) -> None:
    await post(shop, BODIES[0], PLAIN)
    await post(shop, BODIES[0], USUAL)
    await post(shop, BODIES[5], PLAIN)

    assert taken == [True, False, False]


async def test_a_repetition_by_the_other_way_is_recognised(shop: Shop) -> None:
    key = {"idempotency-key": "till-1/7"}
    first = await post(shop, BODIES[0], key | PLAIN)

    again = await post(shop, BODIES[0], key | USUAL)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
