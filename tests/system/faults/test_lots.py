"""The workload of offline tills is one that the service takes."""

from tests.system.faults.discounts import LINE_CENTS, MOST_RECEIPT_CENTS
from tests.system.faults.goods import describe_goods
from tests.system.faults.lots import FORCED_PRICE
from tests.system.faults.paying import DEBIT


def test_a_debit_is_less_than_the_cheapest_basket_costs() -> None:
    prices = [goods["prix"] for goods in describe_goods("run")]

    least_cents = round(min(*prices, FORCED_PRICE) * 100) - LINE_CENTS - MOST_RECEIPT_CENTS

    assert 0 < round(DEBIT * 100) < least_cents


def test_no_product_has_the_price_that_a_till_forces() -> None:
    assert FORCED_PRICE not in [goods["prix"] for goods in describe_goods("run")]
