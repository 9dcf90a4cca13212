"""`Idempotency-Key`: one effect, the same answer."""

import asyncio

from sqlalchemy import text

from service_kit.http.api_keys import ensure_key
from tests.sales_service.conftest import Shop
from tests.sales_service.test_selling import count

KEY = {"Idempotency-Key": "till-1/42"}


async def test_the_same_request_again_gets_the_same_answer(shop: Shop) -> None:
    first = await shop.sell((shop.coffee, 2), headers=KEY)
    second = await shop.sell((shop.coffee, 2), headers=KEY)

    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert await count(shop, "sales") == 1


async def test_another_body_under_the_same_key_is_refused(shop: Shop) -> None:
    await shop.sell((shop.coffee, 2), headers=KEY)

    answer = await shop.sell((shop.coffee, 3), headers=KEY)

    assert (answer.status_code, answer.json()["code"]) == (422, "cle-idempotence-reutilisee")


async def test_many_at_once_have_one_effect(shop: Shop) -> None:
    answers = await asyncio.gather(*(shop.sell((shop.coffee, 2), headers=KEY) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["vente_id"] for answer in answers}) == 1
    assert await count(shop, "sales") == 1


async def test_a_request_that_is_still_running_makes_its_twin_a_conflict(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO idempotency_keys (client_id, key, request_hash)"
                " VALUES ('test/head-office', :key, '\\x00')"
            ),
            {"key": KEY["Idempotency-Key"]},
        )
        answer = await shop.sell((shop.coffee, 2), headers=KEY)
        await connection.rollback()

    assert (answer.status_code, answer.json()["code"]) == (409, "ressource-occupee")
    assert answer.headers["Retry-After"] == "1"
    assert (await shop.sell((shop.coffee, 2), headers=KEY)).status_code == 201


async def test_a_refused_request_does_not_use_its_key_up(shop: Shop) -> None:
    assert (await shop.sell((999, 1), headers=KEY)).status_code == 404

    assert (await shop.sell((shop.coffee, 1), headers=KEY)).status_code == 201


async def test_keys_of_two_clients_are_strangers(shop: Shop) -> None:
    await shop.sell((shop.coffee, 2), headers=KEY)

    answer = await shop.sell((shop.coffee, 3), headers=KEY | {"x-token": "till"})

    assert answer.status_code == 201


async def test_an_open_sale_is_answered_with_its_present_state(shop: Shop) -> None:
    async_ = {"Prefer": "respond-async"}
    first = await shop.sell((shop.coffee, 1), store=shop.strict, headers=KEY | async_)
    async with shop.engine.begin() as connection:
        await connection.execute(text("UPDATE sales SET status = 'confirmed'"))

    second = await shop.sell((shop.coffee, 1), store=shop.strict, headers=KEY | async_)

    assert (first.status_code, second.status_code) == (202, 201)
    assert first.json()["vente_id"] == second.json()["vente_id"]


async def test_a_new_store_and_product_are_made_once(shop: Shop) -> None:
    for path, body in (
        ("/api/magasins/", {"nom": "Laval"}),
        ("/api/produits/", {"nom": "Sucre", "categorie": "Épicerie", "prix": 2}),
    ):
        first = await shop.client.post(path, json=body, headers=KEY | {"Idempotency-Key": path})
        again = await shop.client.post(path, json=body, headers=KEY | {"Idempotency-Key": path})

        assert (again.status_code, again.json()) == (201, first.json())


async def test_a_revoked_key_opens_nothing(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await ensure_key(connection, "new-secret", "till", "test")

    old = await shop.client.get("/api/produits/", headers={"x-token": "till"})
    new = await shop.client.get("/api/produits/", headers={"x-token": "new-secret"})

    assert (old.status_code, new.status_code) == (401, 200)
