"""The one table from this service's errors to problems: status, code, pointers and sentences."""

from sales_service.api.day_problems import DAY_PROBLEMS
from sales_service.api.payment_problems import PAYMENT_PROBLEMS
from sales_service.api.price_problems import PRICE_PROBLEMS
from sales_service.api.repetition_problems import REPETITION_PROBLEMS
from sales_service.api.return_problems import RETURN_PROBLEMS
from sales_service.api.roles import Right
from sales_service.api.tax_problems import TAX_PROBLEMS
from sales_service.api.void_problems import VOID_PROBLEMS
from sales_service.api.words import say_amount, translate
from sales_service.domain import errors, key_errors
from sales_service.domain.errors import CodeKind
from sales_service.domain.sale import LARGEST_TOTAL_CENTS, LATEST_OFFLINE, MOST_UNITS
from service_kit.http.access import right_refused
from service_kit.http.problems import Fault, Problem, ProblemTable, json_pointer

UNKNOWN_STORE = "magasin-introuvable"
UNKNOWN_PRODUCT = "produit-introuvable"
STORE_EXISTS = "magasin-existant"
PRODUCT_EXISTS = "produit-existant"
IMPOSSIBLE_SALE = "vente-impossible"
PRODUCT_RETIRED = "produit-retire"
CODE_TAKEN = {
    CodeKind.SKU: "Un produit porte déjà ce SKU.",
    CodeKind.BARCODE: "Un produit en vente porte déjà ce code-barres.",
}
CODE_NAMES = {CodeKind.SKU: "Le SKU", CodeKind.BARCODE: "Le code-barres"}


def _unknown_references(error: errors.UnknownReferences) -> Problem:
    faults = [
        {
            "pointer": json_pointer("panier", index, "produit_id"),
            "code": UNKNOWN_PRODUCT,
            "detail": f"Produit {product_id} introuvable.",
        }
        for index, product_id in error.products.items()
    ]
    code = "reference-inconnue"
    if error.store_id is None:
        return Problem(404, code, "Produit introuvable", faults)
    store = {
        "pointer": "/magasin_id",
        "code": UNKNOWN_STORE,
        "detail": f"Magasin {error.store_id} introuvable.",
    }
    return Problem(404, code, "Magasin introuvable", [store, *faults])


def _unknown_store(_: errors.UnknownStore) -> Problem:
    return Problem(404, UNKNOWN_STORE, "Magasin introuvable")


def _unknown_home_stores(error: errors.UnknownHomeStores) -> Problem:
    faults = [
        {
            "pointer": json_pointer("produits", index, "magasin_id"),
            "code": UNKNOWN_STORE,
            "detail": f"Magasin {store_id} introuvable.",
        }
        for index, store_id in error.stores.items()
    ]
    return Problem(404, UNKNOWN_STORE, "Magasin introuvable", faults)


def _count_without_store(_: errors.CountWithoutStore) -> Problem:
    detail = "quantite_stock est un inventaire : magasin_id doit dire de quel magasin."
    fault = {
        "pointer": "/magasin_id",
        "code": "missing",
        "detail": "Ce produit n'a pas été créé pour un magasin : le magasin compté est attendu.",
    }
    return Problem(422, "magasin-a-preciser", detail, [fault])


def _unknown_product(_: errors.UnknownProduct) -> Problem:
    return Problem(404, UNKNOWN_PRODUCT, "Produit introuvable")


def _unknown_sale(_: errors.UnknownSale) -> Problem:
    return Problem(404, "vente-introuvable", "Vente introuvable")


def _store_name_taken(error: errors.StoreNameTaken) -> Problem:
    fault = {"pointer": "/nom", "code": STORE_EXISTS, "detail": f"« {error.name} » existe."}
    return Problem(409, STORE_EXISTS, "Un magasin porte déjà ce nom.", [fault])


def _code_taken(error: errors.CodeTaken) -> Problem:
    if error.code is None:
        fault: Fault = {
            "pointer": "/actif",
            "code": PRODUCT_EXISTS,
            "detail": "Son code-barres est pris ; code_barres lui en donne un autre, ou aucun.",
        }
    else:
        pointer = json_pointer(translate(error.kind))
        fault = _taken_code(pointer, error.kind, error.code, error.product_id)
    return Problem(409, PRODUCT_EXISTS, CODE_TAKEN[error.kind], [fault])


def _codes_taken(error: errors.CodesTaken) -> Problem:
    faults = [
        _taken_code(
            json_pointer("produits", taken.index, translate(taken.kind)),
            *(taken.kind, taken.code, taken.product_id),
        )
        for taken in error.taken
    ]
    return Problem(409, PRODUCT_EXISTS, CODE_TAKEN[error.taken[0].kind], faults)


def _taken_code(pointer: str, kind: CodeKind, code: str, product_id: int | None) -> Fault:
    fault: Fault = {
        "pointer": pointer,
        "code": PRODUCT_EXISTS,
        "detail": f"{CODE_NAMES[kind]} {code} est pris ou répété.",
    }
    return fault if product_id is None else fault | {"produit_id": product_id}


def _sku_in_motion(_: errors.SkuInMotion) -> Problem:
    return Problem.of("resource-busy")


def _absurd_date(error: errors.AbsurdDate) -> Problem:
    detail = f"Cette date est impossible : {error.sold_at.isoformat()}."
    fault = {"pointer": "/date", "code": "date-absurde", "detail": detail}
    advice = "Une vente n'est ni d'une journée à venir, ni d'avant l'an 2000."
    return Problem(422, IMPOSSIBLE_SALE, advice, [fault])


def _id_ahead(error: errors.IdAhead) -> Problem:
    detail = "L'heure de cet UUID a plus d'un jour d'avance."
    fault = {"pointer": "/vente_id", "code": "heure-absurde", "detail": detail}
    return Problem(422, IMPOSSIBLE_SALE, f"L'identifiant {error.sale_id} est absurde.", [fault])


def _id_of_return(error: errors.IdOfReturn) -> Problem:
    detail = "Une vente a un autre UUID que tout retour."
    fault = {"pointer": "/vente_id", "code": "identifiant-de-retour", "detail": detail}
    return Problem(422, IMPOSSIBLE_SALE, f"{error.sale_id} est un retour.", [fault])


def _absurd_total(error: errors.AbsurdTotal) -> Problem:
    most, total = say_amount(LARGEST_TOTAL_CENTS), say_amount(error.total_cents)
    detail = f"Le total est {total} ; {most} au plus est permis."
    fault = {"pointer": "/panier", "code": "total-absurde", "detail": detail}
    return Problem(422, IMPOSSIBLE_SALE, "Le total de la vente est absurde.", [fault])


def _discounts_too_large(error: errors.DiscountsTooLarge) -> Problem:
    at_most: dict[tuple[str | int, ...], int] = {
        ("panier", index): cents for index, cents in error.lines.items()
    }
    if error.receipt is not None:
        at_most[()] = error.receipt
    faults = [
        {
            "pointer": json_pointer(*place, "remise", "montant"),
            "code": "remise-excessive",
            "detail": f"La remise peut être de {say_amount(cents)} au plus.",
        }
        for place, cents in at_most.items()
    ]
    return Problem(422, IMPOSSIBLE_SALE, "Une remise dépasse ce qu'elle réduit.", faults)


def _absurd_units(error: errors.AbsurdUnits) -> Problem:
    detail = f"Le panier a {error.units} unités ; {MOST_UNITS} au plus sont permises."
    fault = {"pointer": "/panier", "code": "unites-absurdes", "detail": detail}
    return Problem(422, IMPOSSIBLE_SALE, "Le nombre d'unités de la vente est absurde.", [fault])


def _backdated(_: errors.Backdated) -> Problem:
    fault = {
        "pointer": "/date",
        "code": "date-passee",
        "detail": "La date est d'il y a plus d'un jour.",
    }
    return right_refused(Right.BACKDATE, [fault])


def _offline_too_long(_: errors.OfflineTooLong) -> Problem:
    detail = f"POST /api/ventes/ prend une vente plus ancienne, avec le droit {Right.BACKDATE}."
    fault = {"pointer": "/date", "code": "trop-tard", "detail": detail}
    title = f"La vente a plus de {LATEST_OFFLINE.days} jours."
    return Problem(422, IMPOSSIBLE_SALE, title, [fault])


def _prices_overridden(error: errors.PricesOverridden) -> Problem:
    faults = [
        {
            "pointer": json_pointer("panier", index, "prix_unitaire"),
            "code": "prix-impose",
            "detail": "Ce prix n'est pas celui du catalogue.",
        }
        for index in error.lines
    ]
    return right_refused(Right.PRICE_OVERRIDE, faults)


def _place_sells_nothing(_: errors.PlaceSellsNothing) -> Problem:
    detail = "Ce lieu ne fait pas de ventes : c'est un centre logistique."
    return Problem(409, "magasin-sans-vente", detail)


def _store_closed(_: errors.StoreClosed) -> Problem:
    detail = "Ce magasin est fermé. PUT avec actif: true le rouvre."
    return Problem(409, "magasin-ferme", detail)


def _products_retired(error: errors.ProductsRetired) -> Problem:
    faults = [
        {
            "pointer": json_pointer("panier", index, "produit_id"),
            "code": PRODUCT_RETIRED,
            "detail": f"Produit {product_id} retiré de la vente.",
        }
        for index, product_id in error.products.items()
    ]
    detail = "Un produit est retiré de la vente. PUT avec actif: true l'y remet."
    return Problem(409, PRODUCT_RETIRED, detail, faults)


def _unknown_key(_: key_errors.UnknownKey) -> Problem:
    return Problem(404, "cle-introuvable", "Clé introuvable")


def _key_exists(error: key_errors.KeyExists) -> Problem:
    detail = f"{error.client_id} a déjà une clé. Révoquez-la, ou renouvelez-la par /rotation."
    return Problem(409, "cle-existante", detail)


def _key_is_revoked(_: key_errors.KeyIsRevoked) -> Problem:
    detail = "Cette clé est révoquée pour toujours ; POST /api/cles/ en crée une autre."
    return Problem(409, "cle-revoquee", detail)


def _too_many_secrets(error: key_errors.TooManySecrets) -> Problem:
    detail = f"{error.most} anciens secrets sont encore valables ; attendez la fin du premier."
    return Problem(409, "trop-de-secrets", detail)


PROBLEM_OF: ProblemTable = {
    errors.UnknownReferences: _unknown_references,
    errors.UnknownStore: _unknown_store,
    errors.UnknownHomeStores: _unknown_home_stores,
    errors.CountWithoutStore: _count_without_store,
    errors.UnknownProduct: _unknown_product,
    errors.UnknownSale: _unknown_sale,
    errors.StoreNameTaken: _store_name_taken,
    errors.CodeTaken: _code_taken,
    errors.CodesTaken: _codes_taken,
    errors.SkuInMotion: _sku_in_motion,
    errors.AbsurdDate: _absurd_date,
    errors.IdAhead: _id_ahead,
    errors.IdOfReturn: _id_of_return,
    errors.AbsurdTotal: _absurd_total,
    errors.AbsurdUnits: _absurd_units,
    errors.DiscountsTooLarge: _discounts_too_large,
    errors.Backdated: _backdated,
    errors.OfflineTooLong: _offline_too_long,
    errors.PricesOverridden: _prices_overridden,
    errors.PlaceSellsNothing: _place_sells_nothing,
    errors.StoreClosed: _store_closed,
    errors.ProductsRetired: _products_retired,
    key_errors.UnknownKey: _unknown_key,
    key_errors.KeyExists: _key_exists,
    key_errors.KeyIsRevoked: _key_is_revoked,
    key_errors.TooManySecrets: _too_many_secrets,
    **PAYMENT_PROBLEMS,
    **PRICE_PROBLEMS,
    **TAX_PROBLEMS,
    **REPETITION_PROBLEMS,
    **RETURN_PROBLEMS,
    **VOID_PROBLEMS,
    **DAY_PROBLEMS,
}
