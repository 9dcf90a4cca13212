"""The events of the sales service conform to their schemas."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from jsonschema import Draft202012Validator

from sales_service.domain.catalogue import Goods, Product, ProductId, StockPolicy, Store, StoreId
from sales_service.domain.day_closings import DayClosing
from sales_service.domain.day_totals import DayTotals, MethodTotal, RegisterCash, TaxTotal
from sales_service.domain.discounts import Discount
from sales_service.domain.money import TaxRate
from sales_service.domain.payments import Method, Payment
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import DraftLine, Sale, SaleDraft, SaleId
from sales_service.domain.taxes import DatedRate
from sales_service.events import published
from sales_service.events.day_events import day_closed
from sales_service.events.sale_events import sale_fields
from service_kit.events.key_changes import FormerSecret

EVENTS = Path(__file__).resolve().parents[2] / "infra" / "contracts" / "events"
NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
SALE_ID = UUID("0199c2a4-7c1e-7000-8000-000000000001")


def a_sale() -> Sale:
    store = Store(
        id=StoreId(3),
        kind="store",
        timezone="America/Toronto",
        cutoff_hour=0,
        currency="CAD",
        stock_policy=StockPolicy.STRICT,
        taxes=(DatedRate("taxable", TaxRate("TPS", Decimal("0.05")), date(2000, 1, 1)),),
        cash_rounding=5,
    )
    product = Product(ProductId(1), "Café", "Épicerie", Decimal("3.3333"), None)
    discount = Discount("Fin de série", amount_cents=50)
    lines = (
        DraftLine(ProductId(1), 2, None, discount),
        DraftLine(ProductId(1), 1, Decimal("0.001")),
    )
    draft = SaleDraft(
        *(SaleId(SALE_ID), StoreId(3), None, None, lines),
        discount=Discount("Fidélité", percentage=Decimal(10)),
        may_override_prices=True,
        payments=(Payment(Method.GIFT_CARD, 100), Payment(Method.CASH, 1000)),
    )
    sale = ring_up(draft, Goods(store, {ProductId(1): product}), NOW)
    return replace(sale, number="3-000001")


MISSING = [published.Missing(1, 2, 0)]
A_REGISTER = RegisterCash(register_id=None, cash_sales_cents=1000, counted_cents=995)
PUBLISHED: list[Any] = [
    day_closed(
        DayClosing(
            store_id=3,
            business_date=NOW.date(),
            currency="CAD",
            closed_at=NOW,
            closed_by=None,
            reason=None,
            totals=DayTotals(
                taxes=(TaxTotal("TPS", 5),),
                payments=(MethodTotal(Method.GIFT_CARD, 100),),
                registers=(A_REGISTER,),
            ),
        )
    ).body,
    published.SaleRecorded(**sale_fields(a_sale()), sold_by=NOW),
    published.SaleConfirmed(**sale_fields(a_sale()) | {"status": "confirmed"}, decided_at=NOW),
    published.SaleRejected(SALE_ID, 3, MISSING, NOW, None),
    published.SaleCancelled(SALE_ID, 3, "timeout", NOW),
    published.SaleVoided(
        **sale_fields(a_sale()) | {"status": "voided"}, reason="Erreur", voided_at=NOW
    ),
    published.ReturnRecorded(
        return_id=SALE_ID,
        number="3-R000001",
        store_id=3,
        sale_id=SALE_ID,
        sale_number="4-000001",
        sale_store_id=4,
        returned_at=NOW,
        recorded_at=NOW,
        business_date=NOW.date(),
        local_hour=13,
        currency="CAD",
        register_id=None,
        reason=None,
        lines=[
            published.ReturnLine(
                line_no=1,
                sale_line_no=2,
                product_id=1,
                product_name="Café",
                category="Épicerie",
                quantity=1,
                is_restocked=True,
                amount_cents=333,
                tax_cents=17,
                taxes=[published.LineTax("TPS", 17)],
            )
        ],
        taxes=[published.Tax("TPS", Decimal("0.05"), 17)],
        total_cents=333,
        tax_cents=17,
        payments=[published.Payment("cash", 350)],
        cash_rounding_cents=0,
        exchange_sale_id=SALE_ID,
        is_late=False,
    ),
    published.CashMoved(
        movement_id=SALE_ID,
        store_id=3,
        business_date=NOW.date(),
        register_id=None,
        kind="float",
        amount_cents=20000,
        reason=None,
        recorded_at=NOW,
    ),
    published.TaxRateChanged(
        rate_id=5,
        change="added",
        place="ON",
        tax_class="taxable",
        code="TVH",
        rate=Decimal("0.13"),
        valid_from=NOW.date(),
        changed_at=NOW,
    ),
    published.LevelDeclared(SALE_ID, 3, 1, "opening", 50, NOW),
    published.EventsPublished(NOW),
    published.StoreChanged(
        3, 1, "Plateau", "Montréal", "store", "strict", "America/Toronto", "CAD", True, NOW
    ),
    published.KeyChanged(
        client_id="caisse-1/till",
        version=1,
        role="till",
        sites=[1],
        rights=["backdate"],
        digest="9f" * 32,
        former_secrets=[FormerSecret("60" * 32, NOW)],
        expires_at=NOW,
        revoked_at=None,
        changed_at=NOW,
    ),
    published.ProductChanged(
        1, 1, "P-1", "Café", "Épicerie", Decimal("3.3333"), True, NOW, "40063813"
    ),
]


@pytest.mark.parametrize("event", PUBLISHED, ids=lambda event: type(event).__name__)
def test_a_published_event_keeps_its_schema(event: Any) -> None:
    name = event.TYPE.partition(".")[2]
    schema = json.loads((EVENTS / f"{name}.schema.json").read_text())
    body = json.loads(msgspec.json.encode(event))

    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(body)
    assert set(schema["properties"]) == set(body), "the schema names every field that is sent"
    for name in {"lines", "taxes"} & set(body):
        assert set(schema["properties"][name]["items"]["properties"]) == set(body[name][0])
