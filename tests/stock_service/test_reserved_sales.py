"""Sales and reservations: what is reserved is not sold to others."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from uuid_utils.compat import uuid7

from stock_service.domain.levels import ProductId
from tests.stock_service.builders import (
    COFFEE,
    OTHER_STORE,
    STORE,
    TEA,
    level_declared,
    product_changed,
    reception,
    sale_cancelled,
    sale_recorded,
    sale_voided,
    store_changed,
)
from tests.stock_service.conftest import Stock
from tests.stock_service.reserving import (
    RESERVATIONS,
    a_request,
    let_expire,
    reserve,
    reserved,
    status_of,
    sweep,
    wrong_sums,
)


@pytest.fixture(autouse=True)
async def stocked(stock: Stock) -> None:
    await stock.receive(store_changed(), store_changed(OTHER_STORE))
    await stock.receive(product_changed(COFFEE), product_changed(TEA))
    await stock.put({COFFEE: 5, TEA: 3})
    await stock.put({COFFEE: 5}, OTHER_STORE)


async def answer_of(stock: Stock, *lines: tuple[ProductId, int], **more: Any) -> Any:
    """Sell, and return what the stock answers: its type, what is missing and the fault."""
    await stock.execute("DELETE FROM outbox")
    await stock.receive(sale_recorded(*lines, **more))
    answers = [*await stock.outbox("stock.stock-withdrawn.v1")]
    answers += await stock.outbox("stock.stock-refused.v1")
    if not answers:
        return None
    [answer] = answers
    missing = [each["available"] for each in answer.body.get("missing", ())]
    return answer.type.split(".")[1], missing, answer.body.get("reservation_fault")


WITHDRAWN: Any = ("stock-withdrawn", [], None)


async def test_a_strict_sale_takes_only_what_is_available(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await reserve(api, (COFFEE, 3))

    assert await answer_of(stock, (COFFEE, 3)) == ("stock-refused", [2], None)
    assert await answer_of(stock, (COFFEE, 2)) == WITHDRAWN
    assert await stock.levels() == {COFFEE: 3, TEA: 3}


async def test_a_strict_sale_takes_what_it_has_reserved_and_what_is_available(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    own = await reserve(api, (COFFEE, 2), (TEA, 3))
    await reserve(api, (COFFEE, 2))

    sold = await answer_of(stock, (COFFEE, 4), (TEA, 1), reservation_id=own)
    assert sold == ("stock-refused", [3], None)
    assert await status_of(api, own) == "ouverte"

    assert await answer_of(stock, (COFFEE, 3), (TEA, 1), reservation_id=own) == WITHDRAWN
    # What it did not take is free again.
    assert await status_of(api, own) == "consommee"
    assert await reserved(stock) == {COFFEE: 2, TEA: 0}
    assert await stock.levels() == {COFFEE: 2, TEA: 2}
    assert await stock.differences() == []


async def test_a_consumed_reservation_names_its_sale(api: httpx.AsyncClient, stock: Stock) -> None:
    own, sale_id = await reserve(api, (COFFEE, 2)), uuid7()
    sale = sale_recorded((COFFEE, 2), sale_id=sale_id, reservation_id=own, actor="caisse-1")

    await stock.receive(sale, sale)
    await stock.receive(sale)

    *_, event = await stock.outbox("stock.reservation-changed.v1")
    assert (event.body["status"], event.body["version"]) == ("consumed", 2)
    assert (event.body["sale_id"], event.actor) == (str(sale_id), "caisse-1")
    url = f"{RESERVATIONS}/{own}"
    assert (await api.get(url)).json()["vente_id"] == str(sale_id)
    refused = await api.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "reservation-consommee")
    assert await stock.levels() == {COFFEE: 3, TEA: 3}


async def test_a_reservation_is_consumed_once(api: httpx.AsyncClient, stock: Stock) -> None:
    own = await reserve(api, (COFFEE, 3))

    await stock.receive(
        sale_recorded((COFFEE, 1), reservation_id=own),
        sale_recorded((COFFEE, 1), reservation_id=own),
    )
    later = await answer_of(stock, (COFFEE, 1), reservation_id=own)

    assert later[2] == "consumed"
    assert await stock.levels() == {COFFEE: 4, TEA: 3}
    assert await reserved(stock) == {COFFEE: 0, TEA: 0}


@pytest.mark.parametrize("fault", ["unknown", "other-store", "released", "expired", "swept"])
async def test_a_strict_sale_is_refused_with_a_reservation_that_it_cannot_use(
    api: httpx.AsyncClient, stock: Stock, fault: str
) -> None:
    store_id = OTHER_STORE if fault == "other-store" else STORE
    own = await reserve(api, (COFFEE, 1), magasin_id=store_id)
    if fault == "released":
        await api.delete(f"{RESERVATIONS}/{own}")
    elif fault in {"expired", "swept"}:
        await let_expire(stock, own)
    if fault == "swept":
        await sweep(stock)
    named = UUID(int=own.int + 1) if fault == "unknown" else own

    sold = await answer_of(stock, (COFFEE, 1), reservation_id=named)

    assert sold == ("stock-refused", [], "expired" if fault == "swept" else fault)
    assert await stock.levels() == {COFFEE: 5, TEA: 3}


async def test_what_has_expired_is_sold_before_it_is_closed(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    await let_expire(stock, await reserve(api, (COFFEE, 4)))
    await reserve(api, (COFFEE, 1))

    assert await answer_of(stock, (COFFEE, 5)) == ("stock-refused", [4], None)
    assert await answer_of(stock, (COFFEE, 4)) == WITHDRAWN
    assert await reserved(stock) == {COFFEE: 5, TEA: 0}


async def test_a_permissive_sale_takes_the_goods_and_consumes_what_is_open(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    own = await reserve(api, (COFFEE, 2))
    others = await reserve(api, (COFFEE, 3))

    async def sell(**more: Any) -> None:
        assert await answer_of(stock, (COFFEE, 2), policy="permissive", **more) is None

    await sell(reservation_id=own)
    assert await status_of(api, own) == "consommee"
    await sell(reservation_id=own)
    await sell(reservation_id=uuid7())
    await let_expire(stock, others)
    await sell(reservation_id=others)

    assert await stock.levels() == {COFFEE: -3, TEA: 3}
    assert await status_of(api, others) == "expiree"
    assert await wrong_sums(stock) == 0


async def test_a_sale_that_was_cancelled_before_it_came_leaves_the_reservation_open(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    own = await reserve(api, (COFFEE, 2))
    sale = sale_recorded((COFFEE, 2), reservation_id=own)

    await stock.receive(sale_cancelled(sale))
    await stock.receive(sale)

    assert await status_of(api, own) == "ouverte"
    assert await reserved(stock) == {COFFEE: 2, TEA: 0}


@pytest.mark.parametrize("take_back", [sale_cancelled, sale_voided])
async def test_a_sale_that_ends_later_leaves_the_reservation_consumed(
    api: httpx.AsyncClient, stock: Stock, take_back: Any
) -> None:
    own = await reserve(api, (COFFEE, 2))
    sale = sale_recorded((COFFEE, 2), reservation_id=own)
    await stock.receive(sale)

    await stock.receive(take_back(sale))

    assert await status_of(api, own) == "consommee"
    assert await stock.levels() == {COFFEE: 5, TEA: 3}
    assert await reserved(stock) == {COFFEE: 0, TEA: 0}


async def test_a_count_and_an_adjustment_may_go_below_what_is_reserved(
    api: httpx.AsyncClient, stock: Stock, caplog: pytest.LogCaptureFixture
) -> None:
    own = await reserve(api, (COFFEE, 4), (TEA, 2))

    await stock.receive(level_declared("count", 1))
    body = reception((TEA, -2), type="ajustement", motif="Casse")
    adjusted = await api.post("/api/stock/mouvements", json=body)

    assert adjusted.status_code == 201
    fallen = [each.__dict__ for each in caplog.records if "below" in each.message]
    assert [each["product_id"] for each in fallen] == [COFFEE, TEA]
    assert await answer_of(stock, (COFFEE, 1)) == ("stock-refused", [-3], None)
    assert await answer_of(stock, (COFFEE, 4), reservation_id=own) == ("stock-refused", [1], None)
    assert await answer_of(stock, (COFFEE, 1), (TEA, 1), reservation_id=own) == WITHDRAWN


async def test_a_reservation_and_a_sale_do_not_both_get_the_last_unit(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    sales = [sale_recorded((COFFEE, 1), (TEA, 1)) for _ in range(6)]
    bodies = [a_request((TEA, 1), (COFFEE, 1)) for _ in range(6)]

    answers = await asyncio.gather(
        *(api.post(RESERVATIONS, json=body) for body in bodies),
        *(stock.receive(sale) for sale in sales),
    )

    made = [each for each in answers[:6] if each is not None and each.status_code == 201]
    sold = await stock.outbox("stock.stock-withdrawn.v1")
    assert len(made) + len(sold) == 3
    assert (await stock.levels())[TEA] == 3 - len(sold)
    assert await reserved(stock) == {COFFEE: len(made), TEA: len(made)}


async def test_a_reservation_that_is_released_and_sold_at_once_ends_once(
    api: httpx.AsyncClient, stock: Stock
) -> None:
    ids = [await reserve(api, (COFFEE, 1)) for _ in range(5)]

    await asyncio.gather(
        *(api.delete(f"{RESERVATIONS}/{each}") for each in ids),
        *(stock.receive(sale_recorded((COFFEE, 1), reservation_id=each)) for each in ids),
    )

    ended = [await status_of(api, each) for each in ids]
    assert set(ended) <= {"liberee", "consommee"}
    assert (await stock.levels())[COFFEE] == 5 - ended.count("consommee")
    assert await reserved(stock) == {COFFEE: 0, TEA: 0}
    assert await wrong_sums(stock) == 0
