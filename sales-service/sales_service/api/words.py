"""The words of the API: French names of members and parameters, of kinds and of statuses."""

from typing import Literal

from sales_service.domain.payments import Method
from sales_service.domain.sale import SaleStatus
from sales_service.domain.voids import VoidOrigin
from sales_service.use_cases.manage_prices import Phase

FRENCH = {
    "address": "adresse",
    "amount": "montant",
    "amount_due": "a_payer",
    "at": "le",
    "barcode": "code_barres",
    "basket": "panier",
    "business_date": "date_affaires",
    "by": "par",
    "cash_rounding": "arrondi_especes",
    "category": "categorie",
    "change": "monnaie",
    "city": "ville",
    "created_at": "creee_le",
    "currency": "devise",
    "cursor": "curseur",
    "cutoff_hour": "heure_coupure",
    "discount": "remise",
    "discount_reason": "motif_remise",
    "discounts": "remises",
    "end": "date_fin",
    "exchange_return_id": "echange_retour_id",
    "exchange_sale_id": "echange_vente_id",
    "exchanged": "echange",
    "expires_at": "expire_le",
    "former_until": "anciens_valables_jusqua",
    "gross": "brut",
    "home_store_id": "magasin_id",
    "is_active": "actif",
    "is_backdated": "antidate",
    "is_late": "en_retard",
    "is_price_forced": "prix_force",
    "is_restocked": "remise_en_stock",
    "kind": "type",
    "last_used_at": "dernier_usage",
    "limit": "limite",
    "line_no": "ligne",
    "lines": "lignes",
    "list_price": "prix_catalogue",
    "method": "moyen",
    "name": "nom",
    "number": "numero",
    "on_hand": "quantite_stock",
    "origin": "origine",
    "overlap_hours": "chevauchement_heures",
    "percentage": "pourcentage",
    "payments": "paiements",
    "product_id": "produit_id",
    "products": "produits",
    "problem": "probleme",
    "quantity": "quantite",
    "rate": "taux",
    "reason": "motif",
    "receipt_discount": "part_remise",
    "refund_due": "a_rembourser",
    "register_id": "caisse",
    "return_id": "retour_id",
    "results": "resultats",
    "returned": "retour",
    "returned_at": "date",
    "returned_quantity": "quantite_retournee",
    "revoked_at": "revoquee_le",
    "rights": "droits",
    "sale": "vente",
    "sale_id": "vente_id",
    "sale_number": "vente_numero",
    "sale_store_id": "vente_magasin_id",
    "sales": "ventes",
    "secret": "cle",
    "sold_at": "date",
    "start": "date_debut",
    "status": "statut",
    "stock_policy": "politique_stock",
    "store_id": "magasin_id",
    "stores": "magasins",
    "subtotal": "sous_total",
    "tax_class": "classe_taxe",
    "tax_exemption": "exemption_taxes",
    "tax_place": "lieu_fiscal",
    "tax_shares": "taxes_detail",
    "timezone": "fuseau",
    "total_with_taxes": "total_ttc",
    "unit_cost": "cout",
    "unit_price": "prix",
    "valid_from": "du",
    "void": "annulation",
    "wanted": "critere",
}
# The price of a line has another name than that of a product.
FRENCH_OF_LINE = FRENCH | {"unit_price": "prix_unitaire"}
# A rate is about its place and class alone.
FRENCH_OF_RATE = FRENCH | {"place": "lieu", "tax_class": "classe"}

KINDS = {"magasin": "store", "centre_logistique": "logistics-centre"}
WORD_OF_KIND = {kind: word for word, kind in KINDS.items()}

METHODS = {
    "comptant": Method.CASH,
    "debit": Method.DEBIT,
    "credit": Method.CREDIT,
    "carte_cadeau": Method.GIFT_CARD,
    "compte": Method.ACCOUNT,
    "echange": Method.EXCHANGE,
}
WORD_OF_METHOD = {method: word for word, method in METHODS.items()}

WORD_OF_STATUS = {
    SaleStatus.PENDING: "en_attente",
    SaleStatus.CONFIRMED: "confirmee",
    SaleStatus.REJECTED: "rejetee",
    SaleStatus.CANCELLED: "annulee",
    SaleStatus.VOIDED: "annulee",
}
STATUSES = {
    word: tuple(status for status, each in WORD_OF_STATUS.items() if each == word)
    for word in WORD_OF_STATUS.values()
}
WORD_OF_ORIGIN: dict[VoidOrigin, Literal["caisse", "delai"]] = {
    VoidOrigin.TILL: "caisse",
    VoidOrigin.TIMEOUT: "delai",
}
WORD_OF_PHASE = {Phase.PLANNED: "prevu", Phase.IN_FORCE: "en_vigueur", Phase.PAST: "passe"}


def translate(name: str) -> str:
    """Return the French name of a member or parameter; some are the same in both languages."""
    return FRENCH.get(name, name)


def translate_of_rate(name: str) -> str:
    """Return the French name of a member of a rate."""
    return FRENCH_OF_RATE.get(name, name)


def translate_of_line(name: str) -> str:
    """Return the French name of a member of a line."""
    return FRENCH_OF_LINE.get(name, name)


# A sale that had no effect keeps its id and its key: repeated, it stays without effect.
SELL_AGAIN = "pour vendre encore, envoyez un autre vente_id et un autre Idempotency-Key."


def say_amount(cents: int) -> str:
    """Return an amount as French sentences have it: `12,50`."""
    return f"{cents // 100},{cents % 100:02}"
