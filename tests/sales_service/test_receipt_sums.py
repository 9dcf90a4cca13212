"""Any basket becomes a receipt whose lines add up to it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy, Store, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.money import TaxRate
from sales_service.domain.repetition import is_repetition
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import DraftLine, Sale, SaleDraft, SaleId
from sales_service.domain.taxes import TAXABLE, DatedRate

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SALE_ID = SaleId(UUID("0199c2a4-7c1e-7000-8000-000000000001"))
STORE = Store(
    id=StoreId(3),
    kind="store",
    timezone="America/Toronto",
    cutoff_hour=0,
    currency="CAD",
    stock_policy=StockPolicy.PERMISSIVE,
    taxes=tuple(
        DatedRate(TAXABLE, TaxRate(code, Decimal(rate)), date.min)
        for code, rate in (("TPS", "0.05"), ("TVQ", "0.09975"))
    ),
)

PRICES = st.integers(0, 10**8).map(lambda n: Decimal(n).scaleb(-4))
DISCOUNTS = st.integers(1, 100 * 10**4).map(
    lambda n: Discount("Solde", percentage=Decimal(n).scaleb(-4))
)
LINES = st.tuples(PRICES, st.integers(1, 20), st.none() | PRICES, st.none() | DISCOUNTS)


def sell(
    basket: list[tuple[Decimal, int, Decimal | None, Discount | None]],
    discount: Discount | None,
) -> tuple[SaleDraft, Sale]:
    """Ring up a basket of lines, each of another product."""
    products = {
        ProductId(n): Product(ProductId(n), f"Produit {n}", "Épicerie", price, None)
        for n, (price, *_) in enumerate(basket, start=1)
    }
    lines = tuple(
        DraftLine(product_id, quantity, price, off)
        for product_id, (_, quantity, price, off) in zip(products, basket, strict=True)
    )
    draft = SaleDraft(
        *(SALE_ID, STORE.id, None, "caisse 1", lines), discount=discount, may_override_prices=True
    )
    return draft, ring_up(draft, Goods(STORE, products), NOW)


@given(st.lists(LINES, min_size=1, max_size=20), st.none() | DISCOUNTS)
def test_the_lines_of_a_receipt_add_up_to_it(
    basket: list[tuple[Decimal, int, Decimal | None, Discount | None]], discount: Discount | None
) -> None:
    draft, sale = sell(basket, discount)

    taken = [line.line_discount_cents + line.receipt_discount_cents for line in sale.lines]
    assert sum(line.amount_cents for line in sale.lines) == sale.total_cents
    assert sum(line.gross_cents for line in sale.lines) == sale.gross_cents
    assert sum(taken) == sale.discount_cents == sale.gross_cents - sale.total_cents
    assert sum(line.tax_cents for line in sale.lines) == sale.tax_cents
    assert all(0 <= line.amount_cents <= line.gross_cents for line in sale.lines)
    assert [line.list_price for line in sale.lines] == [price for price, *_ in basket]
    # The same basket again is a repetition of it.
    assert is_repetition(draft, sale)
