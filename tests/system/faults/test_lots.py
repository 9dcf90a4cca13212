"""Offline tills deliver until each sale is final; the verdict names what became of it wrongly."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.system.faults.discounts import LINE_CENTS, MOST_RECEIPT_CENTS
from tests.system.faults.goods import describe_goods
from tests.system.faults.history import History, Offline, Operation, Outcome
from tests.system.faults.lots import FORCED_PRICE, OfflineTill, judge_offline
from tests.system.faults.paying import DEBIT
from tests.system.faults.verdict import RecordedSale, judge_sale

SALE = UUID(int=1)
RECORDED = RecordedSale(
    id=SALE,
    store_id=1,
    number="1-000001",
    status="confirmed",
    void_origin=None,
    total_cents=100,
    discount_cents=0,
    stock_policy="permissive",
    is_price_forced=True,
    is_backdated=False,
    quantities={7: 1},
)


def sold(number: int = 1) -> Offline:
    operation = Operation(f"sold-{number}", 1, {7: 1})
    body = {"vente_id": str(UUID(int=number)), "magasin_id": 1}
    return Offline(operation, body, is_price_forced=True, is_backdated=False)


@pytest.mark.parametrize(
    ("recorded", "faults"),
    [
        (RECORDED, []),
        (replace(RECORDED, stock_policy="strict"), ["left to the stock"]),
        (replace(RECORDED, is_price_forced=False), ["marked (False, False)"]),
        (replace(RECORDED, is_backdated=True), ["marked (True, True)"]),
    ],
)
def test_a_sale_that_is_not_final_or_not_marked_is_named(
    recorded: RecordedSale, faults: list[str]
) -> None:
    found = judge_offline(History(offline=[sold()]), {SALE: recorded})

    assert [each.removeprefix("sold-1: sold offline, and ") for each in found] == faults


def test_a_delivered_sale_that_is_not_there_is_named() -> None:
    operation = replace(sold().operation, outcome=Outcome.DONE)

    assert judge_sale(operation, {operation.key: SALE}, {}) == [
        "sold-1: answered, but there is no sale"
    ]


def result(status: int, **content: Any) -> dict[str, Any]:
    return {"statut": status, "vente": {"vente_id": str(SALE)}, **content}


BUSY = result(409, probleme={"code": "ressource-occupee"})
REFUSED = result(422, probleme={"code": "requete-invalide"})


@pytest.mark.parametrize(
    ("answers", "attempts", "surprises"),
    [
        ([[result(201), result(200)]], 1, 0),
        ([[result(201), result(202)], [result(200), result(200)]], 2, 0),
        ([[result(503), result(503)], [result(201), BUSY], [result(200), result(201)]], 3, 0),
        ([[result(201), REFUSED]], 1, 1),
    ],
)
async def test_a_lot_is_repeated_until_each_sale_is_final(
    answers: list[list[dict[str, Any]]], attempts: int, surprises: int
) -> None:
    history, lot, left = History(), [sold(1), sold(2)], list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"resultats": left.pop(0)})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await OfflineTill(http, "http://shop", history).insist(lot, "token")

    assert not left
    assert [each.operation.attempts for each in lot] == [attempts] * 2
    assert len(history.surprises) == surprises


def test_a_debit_is_less_than_the_cheapest_basket_costs() -> None:
    prices = [goods["prix"] for goods in describe_goods("run")]

    least_cents = round(min(*prices, FORCED_PRICE) * 100) - LINE_CENTS - MOST_RECEIPT_CENTS

    assert 0 < round(DEBIT * 100) < least_cents


def test_no_product_has_the_price_that_a_till_forces() -> None:
    assert FORCED_PRICE not in [goods["prix"] for goods in describe_goods("run")]
