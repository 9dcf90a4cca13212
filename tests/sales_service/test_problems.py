"""Errors of the domain become codes, JSON Pointers and sentences."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from uuid_utils.compat import uuid7

from sales_service.api.problems import PROBLEM_OF
from sales_service.domain.catalogue import Goods, Product, ProductId, StoreId
from sales_service.domain.errors import (
    AbsurdTotal,
    AbsurdUnits,
    CodeKind,
    CodesTaken,
    CodeTaken,
    TakenCode,
    UnknownReferences,
)
from sales_service.domain.ring_up import ring_up
from sales_service.domain.sale import DraftLine, SaleDraft, SaleId
from service_kit.http.problems import Problem

NOW = datetime(2026, 11, 23, 18, tzinfo=UTC)
COFFEE = Product(ProductId(1), "Café", "Épicerie", Decimal("3.3333"), None)


def problem(error: Exception) -> Problem:
    return PROBLEM_OF[type(error)](error)


def test_a_basket_names_its_unknown_store_and_every_unknown_product() -> None:
    lines = tuple(DraftLine(ProductId(number), 1, None) for number in (12, 1, 14))
    draft = SaleDraft(SaleId(uuid7()), StoreId(7), None, None, lines)

    with pytest.raises(UnknownReferences) as unknown:
        ring_up(draft, Goods(None, {ProductId(1): COFFEE}), NOW)

    assert (unknown.value.store_id, unknown.value.products) == (7, {0: 12, 2: 14})
    answer = problem(unknown.value)
    assert (answer.status, answer.code) == (404, "reference-inconnue")
    assert [fault["pointer"] for fault in answer.errors] == [
        "/magasin_id",
        "/panier/0/produit_id",
        "/panier/2/produit_id",
    ]


def test_a_taken_code_is_found_in_the_body_of_one_product_and_of_a_batch() -> None:
    sku, barcode = CodeKind.SKU, CodeKind.BARCODE
    one = problem(CodeTaken(sku, "THE-1", 4))
    batch = problem(
        CodesTaken([TakenCode(1, sku, "THE-1", 4), TakenCode(3, barcode, "4006381333931", None)])
    )

    assert [(each["pointer"], each.get("produit_id")) for each in one.errors] == [("/sku", 4)]
    assert [(each["pointer"], each.get("produit_id")) for each in batch.errors] == [
        ("/produits/1/sku", 4),
        ("/produits/3/code_barres", None),
    ]


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (AbsurdUnits(1_200_000), "Le panier a 1200000 unités ; 1000000 au plus sont permises."),
        (
            AbsurdTotal(99_999_900_000_000),
            "Le total est 999999000000,00 ; 100000000,00 au plus est permis.",
        ),
    ],
)
def test_a_basket_beyond_a_limit_is_told_the_limit(error: Exception, detail: str) -> None:
    assert [fault["detail"] for fault in problem(error).errors] == [detail]
