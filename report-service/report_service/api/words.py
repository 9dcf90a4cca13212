"""The words of the API: French names of members and parameters, and of kinds."""

from report_service.db.journal import Kind

FRENCH = {
    "actor": "acteur",
    "after_sale": "apres_vente",
    "amount": "total",
    "best_sellers": "limite",
    "business_date": "jour",
    "category": "categorie",
    "complete_until": "complet_jusqua",
    "computed_at": "calcule_a",
    "cursor": "curseur",
    "days": "tendance_journaliere",
    "delay_ms": "retard_ms",
    "end": "date_fin",
    "event_id": "evenement_id",
    "is_current": "a_jour",
    "kind": "type",
    "limit": "limite",
    "longest_wait_ms": "attendre_ms",
    "name": "nom",
    "on_hand": "stock",
    "overstocks": "surstocks",
    "period": "periode",
    "product_id": "produit_id",
    "products": "produits",
    "recorded_at": "enregistre_a",
    "sales_count": "nombre_ventes",
    "since": "depuis",
    "start": "date_debut",
    "stock_outs": "ruptures",
    "store": "magasin",
    "store_id": "magasin_id",
    "stores": "ventes_par_magasin",
    "subject": "objet",
    "units": "quantite",
    "until": "avant",
}

KINDS = {
    "vente_enregistree": Kind.SALE_RECORDED,
    "vente_rejetee": Kind.SALE_REJECTED,
    "vente_annulee": Kind.SALE_CANCELLED,
    "magasin_modifie": Kind.STORE_CHANGED,
    "produit_modifie": Kind.PRODUCT_CHANGED,
    "niveau_declare": Kind.LEVEL_DECLARED,
    "mouvement": Kind.MOVEMENT_POSTED,
    "cle_modifiee": Kind.KEY_CHANGED,
}
WORD_OF = {kind: word for word, kind in KINDS.items()}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
