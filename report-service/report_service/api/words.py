"""The words of the API: French names of members and parameters."""

FRENCH = {
    "after_sale": "apres_vente",
    "amount": "total",
    "best_sellers": "limite",
    "business_date": "jour",
    "category": "categorie",
    "complete_until": "complet_jusqua",
    "computed_at": "calcule_a",
    "days": "tendance_journaliere",
    "delay_ms": "retard_ms",
    "end": "date_fin",
    "is_current": "a_jour",
    "longest_wait_ms": "attendre_ms",
    "name": "nom",
    "on_hand": "stock",
    "overstocks": "surstocks",
    "period": "periode",
    "product_id": "produit_id",
    "products": "produits",
    "sales_count": "nombre_ventes",
    "start": "date_debut",
    "stock_outs": "ruptures",
    "store": "magasin",
    "store_id": "magasin_id",
    "stores": "ventes_par_magasin",
    "units": "quantite",
}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)
