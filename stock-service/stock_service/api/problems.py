"""The one table from this service's errors to problems: status, code, pointers and sentences."""

from collections.abc import Iterable, Sequence

from service_kit.http.access import right_refused
from service_kit.http.problems import Fault, Problem, ProblemTable, json_pointer
from stock_service.api.count_problems import COUNT_PROBLEMS
from stock_service.api.request_problems import REQUEST_PROBLEMS
from stock_service.api.roles import BACKDATE
from stock_service.api.transfer_problems import SHORT, TRANSFER_PROBLEMS
from stock_service.api.words import WORD_OF_STATUS
from stock_service.domain import errors
from stock_service.domain.errors import Breach, EntryRule
from stock_service.domain.levels import LEVEL_LIMIT
from stock_service.domain.reservations import LONGEST_DURATION

# The stock hears of stores and products by events: what it does not know may exist all the same.
UNKNOWN_STORE = "magasin-pas-encore-connu"
UNKNOWN_PRODUCT = "produit-pas-encore-connu"
NOT_KNOWN_YET = "n'est pas connu ici, ou pas encore ; s'il existe, réessayez dans un instant."
RETRY = {"Retry-After": "1"}
OUT_OF_BOUNDS = "niveau-hors-bornes"

# The member of the body that a breach is about, its code and its sentence.
_BREACHES = {
    EntryRule.ADJUSTMENT_HAS_REASON: (
        "motif",
        "motif-obligatoire",
        "Un ajustement dit son motif.",
    ),
    EntryRule.RECEPTION_ADDS: (
        "quantite",
        "quantite-invalide",
        "Une réception ajoute au moins une unité.",
    ),
    EntryRule.RECEPTION_COSTS: (
        "cout_unitaire",
        "cout-sans-reception",
        "Seule une réception dit ce que coûtent ses unités.",
    ),
    EntryRule.COST_OF_ALL_LINES: (
        "cout_unitaire",
        "cout-incomplet",
        "Toutes les lignes d'un produit ont un coût, ou aucune.",
    ),
    EntryRule.PRODUCT_MOVES: ("quantite", "quantite-nulle", "La somme du produit est nulle."),
}


def backdated() -> Problem:
    """Return the problem of a movement that is entered late by a caller who may not do that."""
    detail = "Le mouvement a plus d'un jour."
    fault = {"pointer": "/survenu_a", "code": "date-passee", "detail": detail}
    return right_refused(BACKDATE, [fault])


def reservation_key_required() -> Problem:
    """Return the problem of a reservation that could not be repeated safely."""
    detail = (
        "Une réservation retient des unités : envoyez Idempotency-Key, ou reservation_id (un UUID"
        " de version 7), pour qu'une répétition ne le fasse pas deux fois."
    )
    return Problem(400, "cle-requise", detail)


def _unknown_store(error: errors.UnknownStore) -> Problem:
    detail = f"Le magasin {error.store_id} {NOT_KNOWN_YET}"
    return Problem(404, UNKNOWN_STORE, detail, headers=RETRY)


def _unknown_document(_: errors.UnknownDocument) -> Problem:
    return Problem(404, "document-introuvable", "Aucun mouvement n'a ce document.")


def _unknown_references(error: errors.UnknownReferences) -> Problem:
    product: Fault = {"code": UNKNOWN_PRODUCT, "detail": f"Ce produit {NOT_KNOWN_YET}"}
    faults = _at_lines(error.lines, "produit_id", product)
    if error.unknown_store is None:
        detail = f"{error.unknown_products} produit(s) que le stock ne connaît pas, ou pas encore."
        return Problem(404, UNKNOWN_PRODUCT, detail, faults, RETRY)
    store: Fault = {
        "pointer": "/magasin_id",
        "code": UNKNOWN_STORE,
        "detail": f"Ce magasin {NOT_KNOWN_YET}",
    }
    detail = f"Le magasin {error.unknown_store} {NOT_KNOWN_YET}"
    return Problem(404, UNKNOWN_STORE, detail, [store, *faults], RETRY)


def _unknown_members(error: errors.UnknownMembers) -> Problem:
    store: Fault = {"code": UNKNOWN_STORE, "detail": f"Ce magasin {NOT_KNOWN_YET}"}
    product: Fault = {"code": UNKNOWN_PRODUCT, "detail": f"Ce produit {NOT_KNOWN_YET}"}
    faults = [{"pointer": each, **store} for each in error.stores]
    faults += [{"pointer": each, **product} for each in error.products]
    code = UNKNOWN_STORE if error.stores else UNKNOWN_PRODUCT
    detail = f"{len(faults)} référence(s) que le stock ne connaît pas, ou pas encore."
    return Problem(404, code, detail, faults, RETRY)


def _invalid_entry(error: errors.InvalidEntry) -> Problem:
    faults = [breach_fault(each) for each in error.breaches]
    detail = f"Le mouvement contient {len(faults)} erreur(s)."
    return Problem(422, "mouvement-invalide", detail, faults)


def breach_fault(breach: Breach) -> Fault:
    """Return the fault of a broken rule, at its line or at a member of the body."""
    member, code, detail = _BREACHES[breach.rule]
    path = (member,) if breach.line is None else ("lignes", breach.line, member)
    return {"pointer": json_pointer(*path), "code": code, "detail": detail}


def _insufficient_stock(error: errors.InsufficientStock) -> Problem:
    faults: list[Fault] = []
    for shortage, lines in error.shortages.items():
        fault = {
            "code": SHORT,
            "detail": f"Il reste {shortage.available} unité(s).",
            "produit_id": shortage.product_id,
            "demande": shortage.requested,
            "disponible": shortage.available,
        }
        faults += _at_lines(lines, "quantite", fault)
    count = len(error.shortages)
    detail = f"Le stock de {count} produit(s) ne suffit pas ; rien n'a été changé."
    return Problem(409, SHORT, detail, faults)


def _insufficient_lot(error: errors.InsufficientLot) -> Problem:
    fault_of: dict[int, Fault] = {}
    for store_id, shortage, rows in error.shortages:
        fault = {
            "code": SHORT,
            "detail": f"Il reste {shortage.available} unité(s).",
            "magasin_id": store_id,
            "produit_id": shortage.product_id,
            "demande": shortage.requested,
            "disponible": shortage.available,
        }
        fault_of |= dict.fromkeys(rows, fault)
    faults = [
        {"pointer": json_pointer("lignes", row, "quantite"), **fault_of[row]}
        for row in sorted(fault_of)
    ]
    count = len(error.shortages)
    detail = f"Le stock de {count} produit(s) ne suffit pas ; rien n'a été changé."
    return Problem(409, SHORT, detail, faults)


def _level_out_of_bounds(error: errors.LevelOutOfBounds) -> Problem:
    beyond: Fault = {
        "code": OUT_OF_BOUNDS,
        "detail": f"Le stock dépasserait {LEVEL_LIMIT} unités.",
    }
    faults = _at_lines(error.lines, "quantite", beyond)
    detail = "Le mouvement sort des bornes ; rien n'a été changé."
    return Problem(422, OUT_OF_BOUNDS, detail, faults)


def _unknown_reservation(_: errors.UnknownReservation) -> Problem:
    return Problem(404, "reservation-introuvable", "Réservation introuvable")


def _reservation_exists(error: errors.ReservationExists) -> Problem:
    detail = f"Une autre réservation est déjà {error.reservation_id}."
    fault: Fault = {
        "pointer": "/reservation_id",
        "code": "reservation-existante",
        "detail": "Choisissez un autre identifiant.",
    }
    return Problem(409, "reservation-existante", detail, [fault])


def _reservation_closed(error: errors.ReservationClosed) -> Problem:
    word = WORD_OF_STATUS[error.status]
    detail = f"La réservation est {word} : elle ne se libère plus."
    return Problem(409, f"reservation-{word}", detail)


def _expiry_out_of_bounds(_: errors.ExpiryOutOfBounds) -> Problem:
    fault: Fault = {
        "pointer": "/expire_a",
        "code": "expiration-hors-bornes",
        "detail": f"Un instant à venir, d'ici {LONGEST_DURATION.days} jours, est attendu.",
    }
    return Problem(422, "reservation-invalide", "La réservation contient 1 erreur(s).", [fault])


def _unknown_alert(_: errors.UnknownAlert) -> Problem:
    return Problem(404, "alerte-introuvable", "Alerte introuvable")


def _alert_closed(_: errors.AlertClosed) -> Problem:
    detail = "L'alerte est fermée : elle ne s'acquitte plus."
    return Problem(409, "alerte-fermee", detail)


def unknown_in_lot(faults: Sequence[Fault]) -> Problem:
    """Return the problem of a lot whose only faults are stores and products that are unknown."""
    detail = f"{len(faults)} magasin(s) ou produit(s) que le stock ne connaît pas, ou pas encore."
    return Problem(404, faults[0]["code"], detail, faults, RETRY)


def unknown_fault(row: int, member: str, code: str) -> Fault:
    """Return the fault of a row that names an unknown store or product."""
    what = "magasin" if code == UNKNOWN_STORE else "produit"
    pointer = json_pointer("lignes", row, member)
    return {"pointer": pointer, "code": code, "detail": f"Ce {what} {NOT_KNOWN_YET}"}


def _at_lines(lines: Iterable[int], member: str, fault: Fault) -> list[Fault]:
    """Return the fault once for each of these lines of the body."""
    return [{"pointer": json_pointer("lignes", line, member), **fault} for line in lines]


PROBLEM_OF: ProblemTable = {
    errors.UnknownStore: _unknown_store,
    errors.UnknownDocument: _unknown_document,
    errors.UnknownReferences: _unknown_references,
    errors.UnknownMembers: _unknown_members,
    errors.InvalidEntry: _invalid_entry,
    errors.InsufficientStock: _insufficient_stock,
    errors.InsufficientLot: _insufficient_lot,
    errors.LevelOutOfBounds: _level_out_of_bounds,
    errors.UnknownReservation: _unknown_reservation,
    errors.ReservationExists: _reservation_exists,
    errors.ReservationClosed: _reservation_closed,
    errors.ExpiryOutOfBounds: _expiry_out_of_bounds,
    errors.UnknownAlert: _unknown_alert,
    errors.AlertClosed: _alert_closed,
    **TRANSFER_PROBLEMS,
    **REQUEST_PROBLEMS,
    **COUNT_PROBLEMS,
}
