"""The life of an API key by HTTP: created and shown once, listed, rotated, expired, revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from httpx import Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from sales_service.use_cases.manage_keys import MOST_FORMER_SECRETS, create_key
from service_kit.events.key_changes import KeyChanged
from service_kit.http.api_keys import ensure_key
from service_kit.http.callers import hash_key
from service_kit.http.key_uses import write_uses
from service_kit.http.state import api_state
from tests.fixtures.waiting import eventually
from tests.sales_service.conftest import Shop

KEY = "/api/cles/caisse-1/till"


async def create(shop: Shop, **members: Any) -> Response:
    body = {"nom": "caisse-1", "role": "till", "magasins": [shop.permissive]}
    return await shop.client.post("/api/cles/", json=body | members)


async def rotate(shop: Shop, hours: float) -> Response:
    return await shop.client.post(f"{KEY}/rotation", json={"chevauchement_heures": hours})


async def status(shop: Shop, secret: str, store: int | None = None) -> int:
    basket = shop.basket((shop.coffee, 1), store=store)
    answer = await shop.client.post("/api/ventes/", json=basket, headers={"x-token": secret})
    return answer.status_code


async def waits_for_a_lock(shop: Shop) -> bool:
    async with shop.engine.connect() as connection:
        waiting = """
            SELECT EXISTS (SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock')
        """
        return bool((await connection.execute(text(waiting))).scalar_one())


async def announced(shop: Shop) -> list[KeyChanged]:
    async with shop.engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT key, payload FROM outbox WHERE type = :type ORDER BY id"),
            {"type": KeyChanged.TYPE},
        )
        events = [(row.key, msgspec.json.decode(row.payload, type=KeyChanged)) for row in rows]
    assert all(key == f"key:{body.client_id}" for key, body in events)
    return [body for _, body in events]


async def test_a_key_works_in_its_stores_and_is_shown_once(shop: Shop) -> None:
    made = await create(shop, droits=["backdate"])

    assert (made.status_code, made.headers["Location"]) == (201, KEY)
    assert made.headers["Cache-Control"] == "no-store"
    secret = made.json()["cle"]
    assert len(secret) >= 32
    assert await status(shop, secret) == 201
    assert await status(shop, secret, store=shop.strict) == 403
    shown = await shop.client.get(KEY)
    listed = await shop.client.get("/api/cles/")
    assert shown.json() == {name: made.json()[name] for name in shown.json()}
    assert shown.json() in listed.json()
    assert secret not in shown.text + listed.text
    async with shop.engine.connect() as connection:
        tables = (
            "SELECT t::text FROM api_keys t UNION ALL SELECT encode(payload, 'escape') FROM outbox"
        )
        assert secret not in "\n".join((await connection.execute(text(tables))).scalars())


async def test_each_change_is_announced_with_a_higher_version(shop: Shop) -> None:
    first = (await create(shop)).json()["cle"]
    second = (await rotate(shop, 24)).json()["cle"]
    await shop.client.put(KEY, json={"expire_le": "2099-01-01T00:00:00+01:00"})
    await shop.client.delete(KEY)

    created, rotated, expiring, revoked = await announced(shop)
    versions = [key.version for key in (created, rotated, expiring, revoked)]
    assert versions == sorted(set(versions))
    # Above every version that a copy can have, also when the owner was restored from a backup.
    assert versions[0] >= created.changed_at.timestamp() * 1000 - 1
    assert (created.client_id, created.role, created.sites) == (
        "caisse-1/till",
        "till",
        [shop.permissive],
    )
    assert created.digest == hash_key(first).hex()
    assert rotated.digest == hash_key(second).hex()
    assert [former.digest for former in rotated.former_secrets] == [created.digest]
    assert expiring.expires_at == datetime(2098, 12, 31, 23, tzinfo=UTC)
    assert (revoked.revoked_at is not None, revoked.former_secrets) == (True, [])


async def test_a_client_has_one_key(shop: Shop) -> None:
    await create(shop)

    again = await create(shop)

    assert (again.status_code, again.json()["code"]) == (409, "cle-existante")
    assert (await create(shop, role="manager")).status_code == 201


async def test_of_two_keys_that_are_made_at_once_one_is_refused(shop: Shop) -> None:
    async with AsyncSession(shop.engine) as session, session.begin():
        made = await create_key(session, "caisse-1/till", "till", [shop.permissive], [])
        second = asyncio.create_task(create(shop))
        await eventually(lambda: waits_for_a_lock(shop), True)
    refused = await second

    assert (refused.status_code, refused.json()["code"]) == (409, "cle-existante")
    assert await status(shop, made.secret) == 201


async def test_a_revoked_key_opens_nothing_and_another_may_take_its_place(shop: Shop) -> None:
    first = (await create(shop)).json()["cle"]

    revoked = await shop.client.delete(KEY)
    again = await shop.client.delete(KEY)

    assert revoked.json()["revoquee_le"] == again.json()["revoquee_le"]
    await eventually(lambda: status(shop, first), 401)
    for refused in (await rotate(shop, 1), await shop.client.put(KEY, json={"expire_le": None})):
        assert (refused.status_code, refused.json()["code"]) == (409, "cle-revoquee")
    second = await create(shop)
    assert await status(shop, second.json()["cle"]) == 201
    assert (second.json()["revoquee_le"], await status(shop, first)) == (None, 401)


async def test_a_sale_is_a_repetition_under_the_new_secret(shop: Shop) -> None:
    first = (await create(shop)).json()["cle"]
    headers = {"Idempotency-Key": "sale 1"}
    sold = await shop.sell((shop.coffee, 1), headers=headers | {"x-token": first})

    second = (await rotate(shop, 24)).json()["cle"]

    for secret in first, second:
        again = await shop.sell((shop.coffee, 1), headers=headers | {"x-token": secret})
        assert again.json()["id"] == sold.json()["id"]
    third = (await rotate(shop, 0)).json()["cle"]
    await eventually(lambda: status(shop, second), 401)
    # The first secret keeps its time: a till may not have heard of the second one.
    assert [await status(shop, each) for each in (first, third)] == [201, 201]


async def test_former_secrets_have_a_bound(shop: Shop) -> None:
    await create(shop)
    for _ in range(MOST_FORMER_SECRETS):
        assert (await rotate(shop, 1)).status_code == 200

    refused = await rotate(shop, 1)

    assert (refused.status_code, refused.json()["code"]) == (409, "trop-de-secrets")
    assert (await rotate(shop, 0)).status_code == 200


async def test_a_key_expires(shop: Shop) -> None:
    past, future = ((datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (-1, 1))
    secret = (await create(shop, expire_le=future)).json()["cle"]
    assert await status(shop, secret) == 201

    await shop.client.put(KEY, json={"expire_le": past})
    await eventually(lambda: status(shop, secret), 401)
    await shop.client.put(KEY, json={"expire_le": None})

    await eventually(lambda: status(shop, secret), 201)


async def test_the_list_says_when_a_key_was_last_used(shop: Shop) -> None:
    secret = (await create(shop)).json()["cle"]
    assert (await shop.client.get(KEY)).json()["dernier_usage"] is None

    await status(shop, secret)
    state = api_state(shop.app)
    await write_uses(state.engine, state.callers)

    assert (await shop.client.get(KEY)).json()["dernier_usage"] is not None


async def test_the_list_comes_in_pages(shop: Shop) -> None:
    for name in "abc":
        await create(shop, nom=name)
    names = []
    path = "/api/cles/?limite=2"
    while path:
        answer = await shop.client.get(path)
        names += [each["nom"] for each in answer.json()]
        path = answer.links["next"]["url"] if "next" in answer.links else ""

    assert names == sorted(names)
    assert {"a", "b", "c"} <= set(names)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"nom": "a/b"}, 422),
        ({"nom": ""}, 422),
        ({"role": "owner"}, 422),
        ({"droits": ["fly"]}, 422),
        ({"magasins": []}, 422),
        ({"magasins": [9999]}, 404),
        ({"expire_le": "2099-01-01T00:00:00"}, 422),
        ({"expire_le": "9999-12-31T23:59:59-12:00"}, 422),
        ({"cle": "chosen by the client"}, 422),
    ],
    ids=str,
)
async def test_what_no_key_can_be_is_refused(
    shop: Shop, members: dict[str, Any], expected: int
) -> None:
    assert (await create(shop, **members)).status_code == expected


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_an_unknown_key_is_not_found(shop: Shop, method: str) -> None:
    body = {"expire_le": None} if method == "PUT" else None

    answer = await shop.client.request(method, KEY, json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "cle-introuvable")


@pytest.mark.parametrize("hours", ["nan", "NaN", "inf", -1, 721])
async def test_an_overlap_that_is_no_time_is_refused(shop: Shop, hours: float | str) -> None:
    await create(shop)

    answer = await shop.client.post(f"{KEY}/rotation", json={"chevauchement_heures": hours})

    assert answer.status_code == 422, answer.text


async def test_a_key_that_a_start_has_stored_can_be_revoked_whatever_its_name(shop: Shop) -> None:
    async with shop.engine.begin() as connection:
        await ensure_key(connection, "s" * 40, "till", "le magasin d'été")

    answer = await shop.client.delete("/api/cles/le%20magasin%20d'été/till")

    assert answer.status_code == 200, answer.text
    await eventually(lambda: status(shop, "s" * 40), 401)
