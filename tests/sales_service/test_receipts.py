"""Receipts as JSON, byte for byte."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import asyncpg.pgproto.pgproto

from sales_service.api.answers import respond
from sales_service.api.sale_answers import SaleAnswer, SaleOut
from sales_service.domain.catalogue import ProductId, StockPolicy, StoreId
from sales_service.domain.discounts import Discount
from sales_service.domain.money import TaxAmount
from sales_service.domain.payments import Method, Paid, Payment
from sales_service.domain.sale import Sale, SaleId, SaleLine, SaleStatus

SALE = Sale(
    # The driver returns ids in a class of its own.
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
            taxes=(
                TaxAmount("TPS", Decimal("0.05"), 5),
                TaxAmount("TVQ", Decimal("0.09975"), 10),
            ),
            list_price=Decimal("0.5000"),
            line_discount_cents=20,
            receipt_discount_cents=3,
            discount_reason="Fin de série",
        ),
    ),
    taxes=(TaxAmount("TVQ", Decimal("0.09975"), 10),),
    total_cents=9_999_999_999,
    tax_cents=10,
    discount=Discount("Fidélité", percentage=Decimal("2.5000")),
    discount_cents=23,
    paid=Paid((Payment(Method.DEBIT, 9_999_999_000), Payment(Method.CASH, 2000)), 990, 1),
)


RECEIPT = (
    '{"id":"0199c2a4-7c1e-7000-8000-000000000042","numero":"3-000001","statut":"en_attente",'
    '"date":"2026-03-01T23:30:01.000020-05:00","date_affaires":"2026-03-01","magasin_id":3,'
    '"caisse":null,"devise":"CAD","brut":100000000.22,'
    '"remise":{"montant":0.03,"pourcentage":2.5,"motif":"Fidélité"},"remises":0.23,'
    '"total":99999999.99,'
    '"taxes":[{"code":"TVQ","taux":0.09975,"montant":0.1}],"total_ttc":100000000.09,'
    '"exemption_taxes":null,"arrondi_especes":0.01,"a_payer":100000000.1,'
    '"paiements":[{"moyen":"debit","montant":99999990.0},{"moyen":"comptant","montant":20.0}],'
    '"monnaie":9.9,"prix_force":false,"antidate":false,"en_retard":false,'
    '"lignes":[{"ligne":1,"produit_id":1,"nom":"Café \\"moulu\\" \u2028","categorie":"Épicerie",'
    '"quantite":3,"prix_catalogue":0.5,"prix_unitaire":0.335,"brut":1.24,"remise":0.2,'
    '"motif_remise":"Fin de série","part_remise":0.03,"sous_total":1.01,"taxes":0.15,'
    '"classe_taxe":"taxable",'
    '"taxes_detail":[{"code":"TPS","montant":0.05},{"code":"TVQ","montant":0.1}]}]'
)
ANSWER = (
    ',"message":"Vente enregistrée, en attente du stock",'
    '"vente_id":"0199c2a4-7c1e-7000-8000-000000000042"}'
)


def test_a_receipt_keeps_its_members_in_order_and_its_amounts_as_numbers() -> None:
    assert respond(SaleOut.of(SALE)).body == f"{RECEIPT}}}".encode()
    assert respond(SaleAnswer.to(SALE)).body == f"{RECEIPT}{ANSWER}".encode()


def test_an_instant_of_utc_ends_with_z() -> None:
    sale = replace(SALE, sold_at=datetime(2026, 3, 1, tzinfo=UTC))

    assert b'"date":"2026-03-01T00:00:00Z"' in respond(SaleOut.of(sale)).body
