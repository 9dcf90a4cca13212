"""Several ask for the same reservations, or the same units, at once."""

import asyncio
from collections import Counter

import httpx

from tests.stock_service.builders import (
    COFFEE,
    TEA,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.reserving import (
    RESERVATIONS,
    a_request,
    reserve,
    reserved,
    wrong_sums,
)
from tests.stock_service.test_reservations_api import stocked as stocked


async def test_the_last_units_are_promised_once(api: httpx.AsyncClient, stock: Stock) -> None:
    bodies = [a_request((COFFEE, 1), (TEA, 1)) for _ in range(10)]
    bodies += [a_request((TEA, 1), (COFFEE, 1)) for _ in range(10)]

    answers = await asyncio.gather(*(api.post(RESERVATIONS, json=body) for body in bodies))

    assert Counter(each.status_code for each in answers) == {201: 3, 409: 17}
    assert await reserved(stock) == {COFFEE: 3, TEA: 3}
    assert await wrong_sums(stock) == 0


async def test_one_request_sent_often_at_once_reserves_once(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    body = a_request((COFFEE, 1))

    answers = await asyncio.gather(*(api.post(RESERVATIONS, json=body) for _ in range(10)))

    assert {each.status_code for each in answers} == {201}
    assert await reserved(stock) == {COFFEE: 1, TEA: 0}


async def test_what_is_released_often_at_once_is_given_back_once(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    reservation_id = await reserve(api, (COFFEE, 3))
    await reserve(api, (COFFEE, 2))
    url = f"{RESERVATIONS}/{reservation_id}"

    answers = await asyncio.gather(*(api.delete(url) for _ in range(10)))

    assert {each.status_code for each in answers} == {200}
    assert await reserved(stock) == {COFFEE: 2, TEA: 0}
