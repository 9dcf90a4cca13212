"""The price of a business date: the store's own, or else the chain's."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy, Store, StoreId
from sales_service.domain.prices import DatedPrice, price_on

FIRST = DatedPrice(None, date.min, Decimal(9))
MONDAY = date(2026, 3, 2)
DAYS = st.integers(0, 9).map(lambda days: MONDAY + timedelta(days))
OF_CHAIN = st.builds(DatedPrice, st.none(), DAYS, st.decimals(0, 99, places=2))
OF_STORE = st.builds(
    DatedPrice, st.sampled_from([1, 2]), DAYS, st.none() | st.decimals(0, 99, places=2)
)


def scan(history: list[DatedPrice], store: int, day: date) -> Decimal:
    """Return the price that stands after each entry was applied on its date, in their order."""
    prices: dict[int | None, Decimal | None] = {}
    days = sorted({entry.valid_from for entry in history if entry.valid_from <= day})
    for each in days:
        for entry in history:
            if entry.valid_from == each:
                prices[entry.store_id] = entry.unit_price
    price = prices.get(store)
    chain = prices[None]
    assert chain is not None
    return chain if price is None else price


@given(st.lists(OF_CHAIN | OF_STORE, max_size=12), st.sampled_from([1, 2, 3]), DAYS)
def test_the_price_of_a_day_is_that_of_a_scan_of_the_history(
    entries: list[DatedPrice], store: int, day: date
) -> None:
    history = [FIRST, *entries]

    found = price_on(day, store, sorted(history, key=lambda entry: entry.valid_from))

    assert found == scan(history, store, day)


def test_goods_without_dated_prices_stay_as_they_are() -> None:
    store = Store(StoreId(1), "store", "UTC", 0, "CAD", StockPolicy.STRICT, ())
    plain = Product(ProductId(1), "Café", "Épicerie", Decimal(5), None)
    goods = Goods(store, {plain.id: plain})

    assert goods.priced_on(MONDAY) is goods.products
