"""The errors about transfers as problems: status, code, pointers and sentences."""

from service_kit.http.problems import Fault, Problem, ProblemTable, json_pointer
from stock_service.api.words import WORD_OF_TRANSFER
from stock_service.domain import transfer_errors as errors

SHORT = "stock-insuffisant"
UNEXPECTED = "quantite-inattendue"


def key_required() -> Problem:
    """Return the problem of a request that moves goods and could not be repeated safely."""
    detail = (
        "Envoyez Idempotency-Key, ou un UUID dans le corps (transfert_id, reception_id), pour"
        " qu'une répétition ne déplace pas les unités deux fois."
    )
    return Problem(400, "cle-requise", detail)


def _unknown_transfer(_: errors.UnknownTransfer) -> Problem:
    return Problem(404, "transfert-introuvable", "Transfert introuvable")


def _same_store(_: errors.SameStore) -> Problem:
    detail = "Un transfert va d'un magasin à un autre."
    fault = {"pointer": "/vers", "code": "meme-magasin", "detail": detail}
    return Problem(422, "transfert-invalide", detail, [fault])


def _transfer_exists(_: errors.TransferExists) -> Problem:
    return Problem(409, "transfert-existant", "Ce transfert_id a un autre contenu.")


def _reception_exists(_: errors.ReceptionExists) -> Problem:
    return Problem(409, "reception-existante", "Ce reception_id a un autre contenu.")


def _wrong_status(error: errors.WrongStatus) -> Problem:
    word = WORD_OF_TRANSFER[error.status]
    detail = f"Le transfert est dans l'état « {word} », qui ne permet pas cette opération."
    return Problem(409, "etat-du-transfert", detail, members={"statut": word})


def _goods_missing(error: errors.GoodsMissing) -> Problem:
    faults: list[Fault] = [
        {
            "code": SHORT,
            "detail": f"Il reste {shortage.available} unité(s).",
            "produit_id": shortage.product_id,
            "demande": shortage.requested,
            "disponible": shortage.available,
        }
        for shortage in error.shortages
    ]
    detail = f"Le stock de {len(faults)} produit(s) ne suffit pas ; rien n'a été changé."
    return Problem(409, SHORT, detail, faults)


def _unexpected_goods(error: errors.UnexpectedGoods) -> Problem:
    faults: list[Fault] = []
    for line, expected in error.expected.items():
        if expected is None:
            pointer = json_pointer("lignes", line, "produit_id")
            detail = "Ce produit n'est pas dans le transfert."
        else:
            pointer = json_pointer("lignes", line, "quantite")
            detail = f"{expected} unité(s) sont en transit ; une autre quantité demande un motif."
        faults.append({"pointer": pointer, "code": UNEXPECTED, "detail": detail})
    detail = f"{len(faults)} ligne(s) ne sont pas attendues ; rien n'a été changé."
    return Problem(422, UNEXPECTED, detail, faults)


def _nothing_received(_: errors.NothingReceived) -> Problem:
    detail = "Une réception sans unités demande motif_ecart : elle clôt le transfert."
    fault = {"pointer": "/lignes", "code": "reception-vide", "detail": detail}
    return Problem(422, "reception-vide", detail, [fault])


TRANSFER_PROBLEMS: ProblemTable = {
    errors.UnknownTransfer: _unknown_transfer,
    errors.SameStore: _same_store,
    errors.TransferExists: _transfer_exists,
    errors.ReceptionExists: _reception_exists,
    errors.WrongStatus: _wrong_status,
    errors.GoodsMissing: _goods_missing,
    errors.UnexpectedGoods: _unexpected_goods,
    errors.NothingReceived: _nothing_received,
}
