"""The errors about requests for goods as problems: status, code and sentences."""

from service_kit.http.problems import Fault, Problem, ProblemTable
from stock_service.api.transfer_problems import SHORT
from stock_service.api.words import WORD_OF_REQUEST
from stock_service.domain import request_errors as errors


def _unknown_request(_: errors.UnknownRequest) -> Problem:
    return Problem(404, "demande-introuvable", "Aucune demande de ce numéro n'attend cela.")


def _wrong_status(error: errors.WrongRequestStatus) -> Problem:
    word = WORD_OF_REQUEST[error.status]
    detail = f"La demande est dans l'état « {word} », qui ne permet pas cette opération."
    return Problem(409, "etat-de-la-demande", detail, members={"statut": word})


def _no_centre(_: errors.NoCentre) -> Problem:
    detail = (
        "Aucun centre logistique n'est ouvert : ouvrez-en un (POST /api/magasins/ avec le type"
        " centre_logistique), et recevez-y les produits."
    )
    return Problem(409, "aucun-centre", detail)


def _centre_not_named(error: errors.CentreNotNamed) -> Problem:
    detail = f"{len(error.centres)} centres logistiques sont ouverts : nommez-en un (centre_id)."
    faults: list[Fault] = [
        {
            "parameter": "centre_id",
            "code": "centre-possible",
            "detail": f"{centre.id} : {centre.name}",
            "centre_id": centre.id,
        }
        for centre in error.centres
    ]
    return Problem(422, "centre-a-preciser", detail, faults)


def _not_a_centre(error: errors.NotACentre) -> Problem:
    detail = f"Le lieu {error.centre_id} n'est pas un autre centre logistique ouvert."
    return Problem(422, "centre-inconnu", detail)


def _centre_is_short(error: errors.CentreIsShort) -> Problem:
    fault: Fault = {
        "code": SHORT,
        "detail": f"Il reste {error.available} unité(s) au centre {error.centre_id}.",
        "produit_id": error.product_id,
        "demande": error.requested,
        "disponible": error.available,
        "centre_id": error.centre_id,
    }
    hint = " ; `?partiel=true` envoie ce qu'il y a" if error.available > 0 else ""
    detail = (
        f"Le centre {error.centre_id} a {error.available} des {error.requested} unités"
        f" demandées{hint}. Rien n'a été changé."
    )
    return Problem(409, SHORT, detail, [fault])


REQUEST_PROBLEMS: ProblemTable = {
    errors.UnknownRequest: _unknown_request,
    errors.WrongRequestStatus: _wrong_status,
    errors.NoCentre: _no_centre,
    errors.CentreNotNamed: _centre_not_named,
    errors.NotACentre: _not_a_centre,
    errors.CentreIsShort: _centre_is_short,
}
