"""The copies of stores and products."""

from decimal import Decimal

from tests.stock_service.builders import product_changed, store_changed
from tests.stock_service.conftest import Stock


async def test_the_highest_version_wins_whatever_the_order(stock: Stock) -> None:
    await stock.receive(
        product_changed(1, version=2, name="nouveau"), product_changed(1, version=1)
    )
    await stock.receive(product_changed(1, version=1), store_changed(version=3, name="nouveau"))
    await stock.receive(store_changed(version=2))

    [product] = await stock.execute("SELECT version, name, unit_price FROM products")
    assert product == (2, "nouveau", Decimal("12.5000"))
    [store] = await stock.execute("SELECT version, name, stock_policy FROM stores")
    assert store == (3, "nouveau", "strict")
