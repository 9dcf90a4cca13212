"""A till chooses the ids of its sales, and lists are in their order: no id may stay first."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.sales_service.conftest import Shop

HOUR = timedelta(hours=1)
END_OF_UUIDS = UUID("ffffffff-ffff-7fff-bfff-000000000001")


def id_at(moment: datetime) -> UUID:
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7000_8000_0000_0000_0001)


async def sell(shop: Shop, sale_id: UUID) -> httpx.Response:
    body: dict[str, Any] = shop.basket((shop.coffee, 1))
    return await shop.client.post("/api/ventes/", json=body | {"vente_id": str(sale_id)})


# The test makes its id: a suite may take longer than an hour.
TOO_FAR_AHEAD: dict[str, Callable[[], UUID]] = {
    "the last of all": lambda: END_OF_UUIDS,
    "in the year 4000": lambda: id_at(datetime(4000, 1, 1, tzinfo=UTC)),
    "a day and an hour": lambda: id_at(datetime.now(UTC) + 25 * HOUR),
}


@pytest.mark.parametrize("choose", TOO_FAR_AHEAD.values(), ids=TOO_FAR_AHEAD.keys())
async def test_an_id_of_more_than_a_day_ahead_is_refused(
    shop: Shop, choose: Callable[[], UUID]
) -> None:
    answer = await sell(shop, choose())

    assert (answer.status_code, answer.json()["code"]) == (422, "vente-impossible")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/vente_id"]


async def test_sales_are_listed_by_the_time_in_their_ids(shop: Shop) -> None:
    now = datetime.now(UTC)
    # A clock that is ahead, and a till that was offline.
    for sale_id in (ahead := id_at(now + HOUR), late := id_at(now - HOUR)):
        assert (await sell(shop, sale_id)).status_code == 201
    usual = (await shop.sell((shop.coffee, 1))).json()["id"]

    listed = await shop.client.get("/api/ventes/")

    assert [sale["id"] for sale in listed.json()] == [str(ahead), usual, str(late)]
