"""The words of the API: French names of members and parameters, of kinds and of statuses."""

from stock_service.domain.alerts import AlertKind
from stock_service.domain.counts import CountStatus
from stock_service.domain.levels import Kind
from stock_service.domain.requests import RequestStatus
from stock_service.domain.reservations import Status
from stock_service.domain.transfers import TransferStatus

FRENCH = {
    "acknowledged_at": "acquittee_a",
    "acknowledged_by": "acquittee_par",
    "alert_id": "alerte_id",
    "alerts": "alertes",
    "available": "disponible",
    "average_cost": "cout_moyen",
    "balance": "solde",
    "category": "categorie",
    "changed_at": "change_a",
    "changed_by": "change_par",
    "closed_at": "clos_a",
    "closed_by": "clos_par",
    "count": "nombre",
    "count_id": "inventaire_id",
    "counted": "quantite_comptee",
    "counted_at": "compte_le",
    "counted_by": "compte_par",
    "counted_count": "lignes_comptees",
    "created_at": "cree_a",
    "created_by": "cree_par",
    "cursor": "curseur",
    "difference": "ecart",
    "difference_reason": "motif_ecart",
    "difference_value": "valeur_ecart",
    "expected": "quantite_attendue",
    "expires_at": "expire_a",
    "expires_in": "expire_dans",
    "from_store_id": "de",
    "high": "maximum",
    "in_transit": "en_transit",
    "instant": "a",
    "is_acknowledged": "acquittee",
    "is_in_stock": "en_stock",
    "is_negative": "negatif",
    "is_partial": "partiel",
    "kind": "type",
    "levels_without_cost": "niveaux_sans_cout",
    "limit": "limite",
    "line_count": "nombre_lignes",
    "lines": "lignes",
    "low": "seuil",
    "missing_units": "unites_manquantes",
    "movement_count": "mouvements",
    "name": "nom",
    "number": "numero",
    "occurred_at": "survenu_a",
    "on_hand": "quantite_stock",
    "opened_at": "ouvert_a",
    "opened_by": "ouvert_par",
    "product_id": "produit_id",
    "product_ids": "produit_id",
    "products": "produits",
    "quantity": "quantite",
    "reason": "motif",
    "received": "recu",
    "recorded_at": "enregistre_a",
    "reorder_point": "point_commande",
    "request": "demande",
    "requested": "demande_en_cours",
    "requests": "demandes",
    "reserved": "reserve",
    "sale_id": "vente_id",
    "sent": "quantite_expediee",
    "shipped": "expedie",
    "shipped_at": "expedie_a",
    "shipped_by": "expedie_par",
    "state": "etat",
    "status": "statut",
    "store_id": "magasin_id",
    "store_ids": "magasin_id",
    "stores": "magasins",
    "surplus_units": "unites_en_trop",
    "target": "cible",
    "to_store_id": "vers",
    "transfer_id": "transfert_id",
    "unit_cost": "cout_unitaire",
    "unit_price": "prix",
    "units": "unites",
    "value": "valeur",
    "without_suggestion": "sans_suggestion",
}
# A reservation is feminine.
FRENCH_OF_RESERVATION = FRENCH | {"closed_at": "terminee_a", "created_at": "creee_a"}

# An alert is feminine, and its limit is another word than that of a page.
FRENCH_OF_ALERT = FRENCH | {
    "closed_at": "fermee_a",
    "limit": "borne",
    "opened_at": "ouverte_a",
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
    "transfert_sortie": Kind.TRANSFER_OUT,
    "transfert_entree": Kind.TRANSFER_IN,
    "ecart_transfert": Kind.TRANSFER_DIFFERENCE,
    "correction_inventaire": Kind.COUNT_CORRECTION,
}
WORD_OF = {kind: word for word, kind in KINDS.items()}

STATUSES = {
    "ouverte": Status.OPEN,
    "consommee": Status.CONSUMED,
    "liberee": Status.RELEASED,
    "expiree": Status.EXPIRED,
}
WORD_OF_STATUS = {status: word for word, status in STATUSES.items()}

TRANSFER_STATUSES = {
    "brouillon": TransferStatus.DRAFT,
    "expedie": TransferStatus.SHIPPED,
    "recu": TransferStatus.RECEIVED,
    "annule": TransferStatus.CANCELLED,
}
REQUEST_STATUSES = {
    "en_attente": RequestStatus.PENDING,
    "approuvee": RequestStatus.APPROVED,
    "refusee": RequestStatus.REFUSED,
    "preparee": RequestStatus.PREPARED,
    "expediee": RequestStatus.SHIPPED,
    "recue": RequestStatus.RECEIVED,
}
COUNT_STATUSES = {
    "ouvert": CountStatus.OPEN,
    "cloture": CountStatus.POSTED,
    "annule": CountStatus.CANCELLED,
}
WORD_OF_COUNT = {status: word for word, status in COUNT_STATUSES.items()}
# Of a line of a count.
WORD_OF_STATE = {"uncounted": "non_compte", "counted": "compte", "superseded": "remplace"}
WORD_OF_REQUEST = {status: word for word, status in REQUEST_STATUSES.items()}
WORD_OF_TRANSFER = {status: word for word, status in TRANSFER_STATUSES.items()}

ALERT_KINDS = {
    "rupture": AlertKind.OUT_OF_STOCK,
    "stock_bas": AlertKind.LOW,
    "surstock": AlertKind.OVERSTOCK,
    "negatif": AlertKind.NEGATIVE,
    "sous_reserve": AlertKind.BELOW_RESERVED,
}
WORD_OF_ALERT = {kind: word for word, kind in ALERT_KINDS.items()}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
