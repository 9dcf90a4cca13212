"""The words of the API: French names of members and parameters, and of kinds of movements."""

from stock_service.domain.levels import Kind
from stock_service.domain.reservations import Status

FRENCH = {
    "available": "disponible",
    "balance": "solde",
    "category": "categorie",
    "closed_at": "terminee_a",
    "created_at": "creee_a",
    "cursor": "curseur",
    "expires_at": "expire_a",
    "expires_in": "expire_dans",
    "instant": "a",
    "is_in_stock": "en_stock",
    "is_negative": "negatif",
    "kind": "type",
    "limit": "limite",
    "lines": "lignes",
    "name": "nom",
    "occurred_at": "survenu_a",
    "on_hand": "quantite_stock",
    "product_id": "produit_id",
    "product_ids": "produit_id",
    "quantity": "quantite",
    "reason": "motif",
    "recorded_at": "enregistre_a",
    "reserved": "reserve",
    "sale_id": "vente_id",
    "status": "statut",
    "store_id": "magasin_id",
    "store_ids": "magasin_id",
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

STATUSES = {
    "ouverte": Status.OPEN,
    "consommee": Status.CONSUMED,
    "liberee": Status.RELEASED,
    "expiree": Status.EXPIRED,
}
WORD_OF_STATUS = {status: word for word, status in STATUSES.items()}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
