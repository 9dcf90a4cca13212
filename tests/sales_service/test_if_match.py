"""A change that is based on an older version is refused, if its client asks for that."""

import asyncio
from typing import Any

import pytest

from tests.sales_service.conftest import Shop

CHANGES: list[Any] = [
    ("PUT", "/api/magasins/1", {"ville": "Brest"}),
    ("DELETE", "/api/magasins/1", None),
    ("PUT", "/api/produits/1", {"prix": 2}),
    ("DELETE", "/api/produits/1", None),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_of_the_version_that_was_read_is_made(
    shop: Shop, method: str, path: str, body: Any
) -> None:
    read = await shop.client.get(path)

    changed = await shop.client.request(
        method, path, json=body, headers={"if-match": read.headers["etag"]}
    )

    assert changed.status_code == 200
    assert changed.headers["etag"] == (await shop.client.get(path)).headers["etag"]
    assert changed.headers["etag"] != read.headers["etag"]


@pytest.mark.parametrize("etag", ['"7"', 'W/"1"', "1", '"1x", "11"', ""])
@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_of_another_version_is_refused_and_undone(
    shop: Shop, method: str, path: str, body: Any, etag: str
) -> None:
    before = await shop.client.get(path)

    answer = await shop.client.request(method, path, json=body, headers={"if-match": etag})

    assert (answer.status_code, answer.json()["code"]) == (412, "version-depassee")
    assert answer.headers["etag"] == before.headers["etag"]
    assert (await shop.client.get(path)).content == before.content


@pytest.mark.parametrize("etag", ["*", '"1"', '"7", "1"'])
async def test_one_of_several_versions_is_enough(shop: Shop, etag: str) -> None:
    change = await shop.client.put("/api/produits/1", json={"prix": 2}, headers={"if-match": etag})

    assert change.status_code == 200


async def test_of_two_changes_of_one_version_one_is_made(shop: Shop) -> None:
    def change(price: int) -> Any:
        return shop.client.put("/api/produits/1", json={"prix": price}, headers={"if-match": '"1"'})

    answers = await asyncio.gather(change(2), change(3))

    assert sorted(each.status_code for each in answers) == [200, 412]
