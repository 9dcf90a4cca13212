"""The words of the API: French names of members and parameters, and of kinds of movements."""

from stock_service.domain.levels import Kind

FRENCH = {
    "balance": "solde",
    "category": "categorie",
    "cursor": "curseur",
    "is_negative": "negatif",
    "kind": "type",
    "limit": "limite",
    "lines": "lignes",
    "name": "nom",
    "occurred_at": "survenu_a",
    "on_hand": "quantite_stock",
    "product_id": "produit_id",
    "quantity": "quantite",
    "reason": "motif",
    "recorded_at": "enregistre_a",
    "store_id": "magasin_id",
    "unit_price": "prix",
}

KINDS = {
    "vente": Kind.SALE,
    "annulation": Kind.CANCELLATION,
    "reception": Kind.RECEPTION,
    "ajustement": Kind.ADJUSTMENT,
    "ouverture": Kind.OPENING,
    "inventaire": Kind.COUNT,
    "retour": Kind.RETURN,
    "perte": Kind.LOSS,
}
WORD_OF = {kind: word for word, kind in KINDS.items()}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
