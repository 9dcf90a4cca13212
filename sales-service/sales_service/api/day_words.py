"""The words of the API about days, closings and cash."""

from sales_service.api.words import FRENCH
from sales_service.domain.day_closings import CashKind

# The figures of a day have the names that they have in reports.
FRENCH_OF_DAY = FRENCH | {
    "adjustments": "ajustements",
    "cash_returns": "retours_comptant",
    "cash_sales": "ventes_comptant",
    "closed_at": "le",
    "closed_by": "par",
    "closing": "cloture",
    "counted": "compte",
    "counts": "comptages",
    "difference": "ecart",
    "discounts": "remises",
    "expected": "attendu",
    "first_number": "premier_numero",
    "gross": "ventes_brutes",
    "is_automatic": "automatique",
    "last_number": "dernier_numero",
    "opening_float": "fonds",
    "paid_in": "entrees",
    "paid_out": "sorties",
    "recorded_at": "enregistre_le",
    "registers": "caisses",
    "returns": "retours",
    "returns_count": "nombre_retours",
    "sales_count": "nombre_ventes",
    "sales_total": "total_ventes",
    "totals": "totaux",
    "unstated": "sans_paiement",
    "voids": "annulations",
    "voids_count": "nombre_annulations",
}

CASH_KINDS = {"fonds": CashKind.FLOAT, "entree": CashKind.PAID_IN, "sortie": CashKind.PAID_OUT}
WORD_OF_CASH = {kind: word for word, kind in CASH_KINDS.items()}


def translate_of_day(name: str) -> str:
    """Return the French name of a member or parameter about a day."""
    return FRENCH_OF_DAY.get(name, name)
