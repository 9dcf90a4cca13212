"""Receipts are written without the models that describe them: both must say the same."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import asyncpg.pgproto.pgproto
import orjson
import pytest

from sales_service.api.receipts import answer, receipt
from sales_service.api.sale_schemas import SaleAnswer, SaleOut
from sales_service.domain.catalogue import ProductId, StockPolicy, StoreId
from sales_service.domain.money import TaxAmount
from sales_service.domain.sale import Sale, SaleId, SaleLine, SaleStatus

SALE = Sale(
    # As the driver gives them, of a class of its own.
    id=SaleId(asyncpg.pgproto.pgproto.UUID("0199c2a4-7c1e-7000-8000-000000000042")),
    store_id=StoreId(3),
    number="3-000001",
    status=SaleStatus.PENDING,
    stock_policy=StockPolicy.STRICT,
    sold_at=datetime(2026, 3, 1, 23, 30, 1, 20, tzinfo=timezone(timedelta(hours=-5))),
    recorded_at=datetime(2026, 3, 2, 4, 30, 1, tzinfo=UTC),
    business_date=date(2026, 3, 1),
    local_hour=23,
    currency="CAD",
    register_id=None,
    lines=(
        SaleLine(
            *(1, ProductId(1), 'Café "moulu" \u2028', "Épicerie", 3),
            *(Decimal("0.3350"), None, 101, 15),
        ),
    ),
    taxes=(TaxAmount("TVQ", Decimal("0.09975"), 10),),
    total_cents=9_999_999_999,
    tax_cents=10,
)


@pytest.mark.parametrize("sold_at", [SALE.sold_at, datetime(2026, 3, 1, tzinfo=UTC)])
def test_a_receipt_is_byte_for_byte_what_its_model_would_write(sold_at: datetime) -> None:
    sale = replace(SALE, sold_at=sold_at)

    for written, model in ((receipt(sale), SaleOut), (answer(sale), SaleAnswer)):
        assert model.model_validate(orjson.loads(written)).model_dump_json().encode() == written
