"""The verdict names an exchange of one document, of other goods, or with an unpaid difference."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.system.faults.exchanging import (
    DEAREST_CENTS,
    RecordedExchange,
    judge_exchanges,
    turn_into_exchange,
)
from tests.system.faults.history import Asked, History, Operation, Outcome

KEY, GOODS = "sale-return-0", {11: 2}
RETURN, SALE = UUID(int=2), UUID(int=3)
RECORDED = RecordedExchange(
    return_id=RETURN,
    sale_id=SALE,
    sale_number="1-000002",
    status="confirmed",
    units=2,
    difference_cents=250,
    paid_cents=250,
)
ANSWER = {"vente_id": str(SALE), "vente": {"numero": "1-000002"}, "difference": 2.5}
DONE, REFUSED, UNKNOWN = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN


def an_exchange(outcome: Outcome = DONE, *, is_paid: bool = True, **answer: Any) -> Asked:
    operation = Operation(KEY, 1, {}, outcome=outcome)
    operation.answers = [ANSWER | answer] if outcome is DONE else []
    return Asked(operation, {1: 1}, {"paiements": []} if is_paid else {}, goods=GOODS)


def judge(asked: Asked, *exchanges: RecordedExchange) -> list[str]:
    history = History(returns={"sale": [asked]})
    return judge_exchanges(history, {KEY: RETURN} if exchanges else {}, exchanges)


@pytest.mark.parametrize(
    ("asked", "exchanges"),
    [
        (an_exchange(), [RECORDED]),
        (an_exchange(difference=-2.5), [replace(RECORDED, difference_cents=-250, paid_cents=-250)]),
        (an_exchange(is_paid=False), [replace(RECORDED, paid_cents=None)]),
        (an_exchange(UNKNOWN), [RECORDED]),
        (an_exchange(UNKNOWN), []),
        (an_exchange(REFUSED), []),
    ],
)
def test_an_exchange_that_went_as_it_was_asked_for_is_not_named(
    asked: Asked, exchanges: list[RecordedExchange]
) -> None:
    assert judge(asked, *exchanges) == []


@pytest.mark.parametrize(
    ("recorded", "fault"),
    [
        (replace(RECORDED, sale_id=None), "one document only"),
        (replace(RECORDED, return_id=None), "one document only"),
        (replace(RECORDED, units=1), "asked for"),
        (replace(RECORDED, status="pending"), "asked for"),
        (replace(RECORDED, paid_cents=249), "the difference is not paid"),
        (replace(RECORDED, paid_cents=None), "the difference is not paid"),
        (replace(RECORDED, paid_cents=-250), "the difference is not paid"),
        (replace(RECORDED, difference_cents=-250, paid_cents=-250), "the new sale was answered"),
        (replace(RECORDED, sale_id=UUID(int=4)), "the new sale was answered"),
        (replace(RECORDED, sale_number="1-000003"), "the new sale was answered"),
    ],
)
def test_a_broken_exchange_is_named(recorded: RecordedExchange, fault: str) -> None:
    found = judge(an_exchange(), recorded)

    assert any(fault in each for each in found), found


def test_an_answered_exchange_that_is_not_there_is_named() -> None:
    assert judge(an_exchange()) == [f"{KEY}: answered, but there is no exchange"]


def test_a_return_that_became_an_exchange_is_named() -> None:
    a_return = replace(an_exchange(), goods={})

    assert [each.split(",")[0] for each in judge(a_return, RECORDED)] == [
        f"{KEY}: asked for a return"
    ]


RECEIPT = {"total_ttc": 10.03, "lignes": [{"ligne": 1, "quantite": 2}]}


def exchanges_of(units: int) -> list[Asked]:
    """Return the exchanges among a hundred returns of so many units of the receipt's line."""
    body = {"magasin_id": 1, "lignes": [], "motif": "Essai"}
    asked = [Asked(Operation(f"return-{n}", 1, {}), {1: units}, body) for n in range(100)]
    return [each for each in (turn_into_exchange(one, RECEIPT, 11) for one in asked) if each.goods]


def payments_of(exchanges: list[Asked], *, are_dearer: bool) -> list[Any]:
    return [each.body.get("paiements") for each in exchanges if (each.goods[11] > 1) is are_dearer]


def test_a_till_pays_back_in_cash_what_a_whole_receipt_costs_more() -> None:
    back = payments_of(exchanges_of(2), are_dearer=False)

    # 10.03 less 3.75 is 6.28.
    assert DEAREST_CENTS == 375
    assert back
    assert back == [[{"moyen": "comptant", "montant": 6.3}]] * len(back)


def test_a_till_does_not_say_how_it_pays_back_a_part_of_a_receipt() -> None:
    back = payments_of(exchanges_of(1), are_dearer=False)

    assert back
    assert not any(back)


def test_a_customer_pays_for_dearer_goods() -> None:
    assert all(payments_of(exchanges_of(1), are_dearer=True))
