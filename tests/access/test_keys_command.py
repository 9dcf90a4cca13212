"""`make keys` changes a key in the databases of all services, and lists it."""

from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from infra.tools.operate.key_table import describe_keys
from infra.tools.operate.keys import (
    KeyRefused,
    create_key,
    expire,
    open_databases,
    parse,
    revoke,
    rotate,
    run,
)
from service_kit.events.key_changes import keep_keys, read_key
from tests.access.matrix import FOREIGN, OWN
from tests.fixtures.waiting import eventually

pytestmark = pytest.mark.usefixtures("environment")


async def statuses(services: dict[str, httpx.AsyncClient], key: str, store: int) -> list[int]:
    paths = {
        "sales": "/api/produits/",
        "stock": f"/api/magasins/{store}/stock",
        "report": f"/api/rapports/ventes?magasin_id={store}",
    }
    headers = {"x-token": key}
    return [
        (await services[service].get(path, headers=headers)).status_code
        for service, path in paths.items()
    ]


async def test_a_key_works_in_all_services_until_it_is_revoked(
    services: dict[str, httpx.AsyncClient],
) -> None:
    async with open_databases() as databases:
        key = await create_key(databases, "shop", "manager", [OWN], ["backdate"])

    assert await statuses(services, key, OWN) == [200, 200, 200]
    assert await statuses(services, key, FOREIGN) == [200, 404, 403]

    async with open_databases() as databases:
        with pytest.raises(KeyRefused, match="shop/manager has a key"):
            await create_key(databases, "shop", "manager", [FOREIGN], [])
        await revoke(databases, "shop/manager")
    await eventually(lambda: statuses(services, key, OWN), [401, 401, 401])

    async with open_databases() as databases:
        with pytest.raises(KeyRefused, match="no key"):
            await revoke(databases, "shop/manager")
        lines = (await describe_keys(databases)).splitlines()
        another = await create_key(databases, "shop", "manager", [OWN], [])
    [line] = [line for line in lines if line.startswith("shop/manager")]
    assert line.split() == ["shop/manager", "stores", str(OWN), "backdate", "REVOKED"]
    assert await statuses(services, another, OWN) == [200, 200, 200]


async def test_a_key_is_rotated_and_expires_in_all_services(
    services: dict[str, httpx.AsyncClient],
) -> None:
    async with open_databases() as databases:
        first = await create_key(databases, "shop", "manager", [OWN], [])
    async with open_databases() as databases:
        second = await rotate(databases, "shop/manager", timedelta(hours=1))
    async with open_databases() as databases:
        third = await rotate(databases, "shop/manager", timedelta())
    assert await statuses(services, first, OWN) == [200, 200, 200]
    assert await statuses(services, third, OWN) == [200, 200, 200]
    assert await statuses(services, second, OWN) == [401, 401, 401]

    async with open_databases() as databases:
        await expire(databases, "shop/manager", datetime.now(UTC))
        lines = (await describe_keys(databases)).splitlines()
    [line] = [line for line in lines if line.startswith("shop/manager")]
    assert " until " in line
    for secret in first, third:
        await eventually(partial(statuses, services, secret, OWN), [401, 401, 401])
    async with open_databases() as databases:
        await expire(databases, "shop/manager", None)
    await eventually(lambda: statuses(services, third, OWN), [200, 200, 200])


async def test_a_change_names_who_has_made_it(
    services: dict[str, httpx.AsyncClient], engines: list[AsyncEngine]
) -> None:
    printed = await run(parse(["--by", "Chantal", "create", "counter", "--role", "till"]))

    async with engines[0].connect() as connection:
        actors = await connection.execute(
            text("SELECT actor FROM outbox WHERE subject LIKE '%counter/till'")
        )
        assert actors.scalars().all() == ["Chantal"]
    assert await statuses(services, printed, OWN) == [200, 200, 403]


@pytest.mark.parametrize(
    ("name", "stores", "why"),
    [("x" * 100, None, "at most 100"), ("y", list(range(1, 102)), "at most")],
)
async def test_a_key_that_no_service_could_use_is_not_made(
    services: dict[str, httpx.AsyncClient], name: str, stores: list[int] | None, why: str
) -> None:
    async with open_databases() as databases:
        with pytest.raises(KeyRefused, match=why):
            await create_key(databases, name, "till", stores, [])


async def test_a_key_that_is_not_the_same_everywhere_is_noticed(
    services: dict[str, httpx.AsyncClient],
) -> None:
    async with open_databases() as databases:
        only_sales = {"sales": databases["sales"]}
        await create_key(only_sales, "half", "till", None, [])
        lines = (await describe_keys(databases)).splitlines()

    [in_sales, *elsewhere] = [line.split()[1:] for line in lines if line.startswith("half/till")]
    assert (in_sales[:3], in_sales[-1]) == (["all", "stores", "version"], "sales")
    assert elsewhere == [["unknown", "IN", "stock"], ["unknown", "IN", "report"]]


async def test_a_rotation_that_has_not_arrived_everywhere_is_noticed(
    services: dict[str, httpx.AsyncClient],
) -> None:
    async with open_databases() as databases:
        await create_key(databases, "shop", "till", None, [])
        await rotate({"sales": databases["sales"]}, "shop/till", timedelta(hours=1))
        lines = (await describe_keys(databases)).splitlines()

    places = [line.split()[-1] for line in lines if line.startswith("shop/till")]
    assert places == ["sales", "stock", "report"]


async def test_a_revoked_key_stays_revoked_when_sales_is_restored_from_a_backup(
    services: dict[str, httpx.AsyncClient], engines: list[AsyncEngine]
) -> None:
    async with open_databases() as databases:
        key = await create_key(databases, "shop", "manager", [OWN], [])
        backup = await read_key(databases["sales"], "shop/manager")
    assert backup is not None
    async with open_databases() as databases:
        await revoke(databases, "shop/manager")
    async with AsyncSession(engines[0]) as session, session.begin():
        await session.execute(text("DELETE FROM api_keys WHERE client_id = 'shop/manager'"))
        await keep_keys(session, [backup])

    with pytest.raises(KeyRefused, match="is revoked"):
        async with open_databases() as databases:
            await rotate(databases, "shop/manager", timedelta(hours=1))
    async with open_databases() as databases:
        await revoke(databases, "shop/manager")
    await eventually(lambda: statuses(services, key, OWN), [401, 401, 401])
