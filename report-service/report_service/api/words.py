"""The words of the API: French names of members and parameters, and of kinds."""

from report_service.db.journal import Kind

FRENCH = {
    "actor": "acteur",
    "adjustments": "ajustements",
    "after_return": "apres_retour",
    "after_sale": "apres_vente",
    "after_void": "apres_annulation",
    "amount": "total",
    "best_sellers": "limite",
    "business_date": "jour",
    "cash_difference": "ecart_caisses",
    "cash_rounding": "arrondi_especes",
    "category": "categorie",
    "closed_at": "le",
    "closed_by": "par",
    "closing": "cloture",
    "complete_until": "complet_jusqua",
    "computed_at": "calcule_a",
    "cursor": "curseur",
    "days": "tendance_journaliere",
    "delay_ms": "retard_ms",
    "discounts": "remises",
    "end": "date_fin",
    "event_id": "evenement_id",
    "gross": "ventes_brutes",
    "is_automatic": "automatique",
    "is_current": "a_jour",
    "kind": "type",
    "limit": "limite",
    "longest_wait_ms": "attendre_ms",
    "method": "moyen",
    "name": "nom",
    "on_hand": "stock",
    "overstocks": "surstocks",
    "overstocks_count": "nombre_surstocks",
    "payments": "paiements",
    "period": "periode",
    "product_id": "produit_id",
    "products": "produits",
    "recorded_at": "enregistre_a",
    "returns": "retours",
    "returns_count": "nombre_retours",
    "sales_count": "nombre_ventes",
    "sealed": "totaux",
    "since": "depuis",
    "start": "date_debut",
    "status": "statut",
    "stock_outs": "ruptures",
    "stock_outs_count": "nombre_ruptures",
    "store": "magasin",
    "store_id": "magasin_id",
    "stores": "ventes_par_magasin",
    "subject": "objet",
    "taxes_by_code": "taxes_detail",
    "uncounted_registers": "caisses_non_comptees",
    "unexplained": "inexplique",
    "units": "quantite",
    "until": "avant",
    "voids": "annulations",
    "voids_count": "nombre_annulations",
}

KINDS = {
    "vente_enregistree": Kind.SALE_RECORDED,
    "vente_marquee": Kind.SALE_MARKED,
    "vente_rejetee": Kind.SALE_REJECTED,
    "vente_annulee": Kind.SALE_CANCELLED,
    "vente_confirmee_annulee": Kind.SALE_VOIDED,
    "retour_enregistre": Kind.RETURN_RECORDED,
    "magasin_modifie": Kind.STORE_CHANGED,
    "produit_modifie": Kind.PRODUCT_CHANGED,
    "niveau_declare": Kind.LEVEL_DECLARED,
    "mouvement": Kind.MOVEMENT_POSTED,
    "transfert_expedie": Kind.TRANSFER_SHIPPED,
    "transfert_recu": Kind.TRANSFER_RECEIVED,
    "cle_modifiee": Kind.KEY_CHANGED,
    "journee_cloturee": Kind.DAY_CLOSED,
    "caisse_mouvementee": Kind.CASH_MOVED,
    "taux_modifie": Kind.TAX_RATE_CHANGED,
}
WORD_OF = {kind: word for word, kind in KINDS.items()}

METHODS = {
    "cash": "comptant",
    "debit": "debit",
    "credit": "credit",
    "gift-card": "carte_cadeau",
    "account": "compte",
    "exchange": "echange",
}


def word_of_method(method: str) -> str:
    """Return the French name of a method of payment; a method of a later version has its own."""
    return METHODS.get(method, method)


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
