"""Receipts as JSON: what `SaleOut` and `SaleAnswer` describe, written without going through them.

An answer is made of what the database has checked already; building the models first would take
longer than everything else that the route does.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from sales_service.api.sale_schemas import FRENCH_STATUS, MESSAGES
from sales_service.domain.money import TaxAmount
from sales_service.domain.sale import Sale, SaleLine

JSON = "application/json"


def receipt(sale: Sale) -> bytes:
    """A `SaleOut`."""
    return _encode(_receipt(sale))


def receipts(sales: Sequence[Sale]) -> bytes:
    """A list of `SaleOut`."""
    return _encode([_receipt(sale) for sale in sales])


def answer(sale: Sale) -> bytes:
    """A `SaleAnswer`."""
    return _encode(_receipt(sale) | {"message": MESSAGES[sale.status], "vente_id": str(sale.id)})


def _encode(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def _receipt(sale: Sale) -> dict[str, Any]:
    return {
        "id": str(sale.id),
        "numero": sale.number,
        "statut": FRENCH_STATUS[sale.status],
        "date": sale.sold_at,
        "date_affaires": sale.business_date,
        "magasin_id": sale.store_id,
        "caisse": sale.register_id,
        "devise": sale.currency,
        "total": _money(sale.total_cents),
        "taxes": [_tax(tax) for tax in sale.taxes],
        "total_ttc": _money(sale.total_cents + sale.tax_cents),
        "lignes": [_line(line) for line in sale.lines],
    }


def _line(line: SaleLine) -> dict[str, Any]:
    return {
        "produit_id": line.product_id,
        "nom": line.product_name,
        "categorie": line.category,
        "quantite": line.quantity,
        "prix_unitaire": float(line.unit_price),
        "sous_total": _money(line.amount_cents),
        "taxes": _money(line.tax_cents),
    }


def _tax(tax: TaxAmount) -> dict[str, Any]:
    return {"code": tax.code, "taux": float(tax.rate), "montant": _money(tax.amount_cents)}


def _money(cents: int) -> float:
    # Division rounds correctly: the float that is nearest to the decimal amount, as elsewhere.
    return cents / 100
