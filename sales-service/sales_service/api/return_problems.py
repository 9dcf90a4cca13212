"""The errors about returns as problems: status, code, pointers and sentences."""

from sales_service.api.roles import Right
from sales_service.api.words import say_amount
from sales_service.domain import return_errors as errors
from sales_service.domain.return_errors import Flaw
from sales_service.domain.sale import LARGEST_TOTAL_CENTS, MOST_UNITS, SaleStatus
from service_kit.http.access import right_refused
from service_kit.http.problems import Problem, ProblemTable, json_pointer

EXCESSIVE = "retour-excessif"
IMPOSSIBLE = "retour-impossible"
UNKNOWN_LINE = "ligne-introuvable"
UNKNOWN_PRODUCT = "produit-introuvable"

# Of another status than these, the sale was annulled.
_WHY_NOT = {
    SaleStatus.PENDING: "elle attend la décision du stock. Réessayez quand elle sera confirmée",
    SaleStatus.REJECTED: "le stock l'a refusée, et rien n'a été vendu",
}
_ANNULLED = "elle est annulée, et il n'y a rien à rendre"

_FLAWS = {
    Flaw.DATE: ("/date", "date-absurde", "La date du retour est absurde."),
    Flaw.BEFORE_SALE: ("/date", "avant-la-vente", "La date du retour est avant la vente."),
    Flaw.ID_AHEAD: (
        "/retour_id",
        "heure-absurde",
        "L'heure de cet UUID a plus d'un jour d'avance.",
    ),
    Flaw.ID_OF_SALE: (
        "/retour_id",
        "identifiant-de-vente",
        "Un retour a un autre UUID que toute vente.",
    ),
    Flaw.UNITS: ("/lignes", "unites-absurdes", "Le nombre d'unités du retour est absurde."),
    Flaw.TOTAL: ("/lignes", "total-absurde", "Le total du retour est absurde."),
}


def key_required() -> Problem:
    """Return the problem of a return that could not be repeated safely."""
    detail = (
        "Un retour rend de l'argent : envoyez Idempotency-Key, ou retour_id (un UUID de version 7),"
        " pour qu'une répétition ne le fasse pas deux fois."
    )
    return Problem(400, "cle-requise", detail)


def _unknown_return(_: errors.UnknownReturn) -> Problem:
    return Problem(404, "retour-introuvable", "Retour introuvable")


def _not_returnable(error: errors.NotReturnable) -> Problem:
    why = _WHY_NOT.get(error.status, _ANNULLED)
    detail = f"Rien ne peut être rendu de la vente {error.number} : {why}."
    return Problem(409, "vente-non-confirmee", detail)


def _unknown_lines(error: errors.UnknownLines) -> Problem:
    faults = [
        {
            "pointer": json_pointer("lignes", index, "ligne"),
            "code": UNKNOWN_LINE,
            "detail": f"Le reçu n'a pas de ligne {line_no}.",
        }
        for index, line_no in error.lines.items()
    ]
    return Problem(422, UNKNOWN_LINE, "Le reçu n'a pas toutes ces lignes.", faults)


def _too_many_returned(error: errors.TooManyReturned) -> Problem:
    faults = [
        {
            "pointer": json_pointer("lignes", each.index, "quantite"),
            "code": EXCESSIVE,
            "detail": f"De la ligne {each.sale_line_no}, il reste {each.left} à rendre.",
            "ligne": each.sale_line_no,
            "reste": each.left,
        }
        for each in error.excesses
    ]
    return Problem(409, EXCESSIVE, "Le retour dépasse ce qui a été vendu.", faults)


def _other_currency(error: errors.OtherCurrency) -> Problem:
    detail = (
        f"La vente est en {error.sold_in}, et ce magasin paie en {error.returned_in} :"
        " rendez-la dans un magasin de la même devise."
    )
    return Problem(409, "autre-devise", detail)


def _wrong_refund(error: errors.WrongRefund) -> Problem:
    due, paid = say_amount(error.due_cents), say_amount(error.paid_cents)
    fault = {
        "pointer": "/paiements",
        "code": "somme-inexacte",
        "detail": f"La somme est {paid}, et {due} est à rembourser.",
        "a_rembourser": error.due_cents / 100,
    }
    detail = "Les paiements ne sont pas ce qui est à rembourser."
    return Problem(422, "remboursement-inexact", detail, [fault])


def _return_exists(error: errors.ReturnExists) -> Problem:
    detail = f"Le retour {error.return_id} existe déjà, avec un autre contenu."
    return Problem(409, "retour-existant", detail)


def _without_receipt(_: errors.WithoutReceipt) -> Problem:
    return right_refused(Right.RETURN_WITHOUT_RECEIPT)


def _returned_goods_unknown(error: errors.ReturnedGoodsUnknown) -> Problem:
    faults = [
        {
            "pointer": json_pointer("lignes", index, "produit_id"),
            "code": UNKNOWN_PRODUCT,
            "detail": f"Produit {product_id} introuvable.",
        }
        for index, product_id in error.products.items()
    ]
    return Problem(404, UNKNOWN_PRODUCT, "Produit introuvable", faults)


def _refund_prices_overridden(error: errors.RefundPricesOverridden) -> Problem:
    faults = [
        {
            "pointer": json_pointer("lignes", index, "prix_unitaire"),
            "code": "prix-impose",
            "detail": "Ce prix n'est pas celui du catalogue.",
        }
        for index in error.lines
    ]
    return right_refused(Right.PRICE_OVERRIDE, faults)


def _impossible_return(error: errors.ImpossibleReturn) -> Problem:
    pointer, code, detail = _FLAWS[error.flaw]
    fault = {"pointer": pointer, "code": code, "detail": _say_value(error)}
    return Problem(422, IMPOSSIBLE, detail, [fault])


def _say_value(error: errors.ImpossibleReturn) -> str:
    if error.flaw is Flaw.TOTAL:
        most, total = say_amount(LARGEST_TOTAL_CENTS), say_amount(error.value)
        return f"Le total est {total} ; {most} au plus est permis."
    if error.flaw is Flaw.UNITS:
        return f"Le retour a {error.value} unités ; {MOST_UNITS} au plus sont permises."
    return f"Valeur reçue : {error.value}."


RETURN_PROBLEMS: ProblemTable = {
    errors.UnknownReturn: _unknown_return,
    errors.NotReturnable: _not_returnable,
    errors.UnknownLines: _unknown_lines,
    errors.TooManyReturned: _too_many_returned,
    errors.OtherCurrency: _other_currency,
    errors.WrongRefund: _wrong_refund,
    errors.ReturnExists: _return_exists,
    errors.WithoutReceipt: _without_receipt,
    errors.ReturnedGoodsUnknown: _returned_goods_unknown,
    errors.RefundPricesOverridden: _refund_prices_overridden,
    errors.ImpossibleReturn: _impossible_return,
}
