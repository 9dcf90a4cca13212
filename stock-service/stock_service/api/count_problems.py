"""The errors about counts as problems: status, code, pointers and sentences."""

from collections.abc import Collection

from service_kit.http.problems import Fault, Problem, ProblemTable, json_pointer
from stock_service.api.words import WORD_OF_COUNT
from stock_service.domain import count_errors as errors

INVALID = "comptages-invalides"


def _unknown_count(_: errors.UnknownCount) -> Problem:
    return Problem(404, "inventaire-introuvable", "Inventaire introuvable")


def _count_exists(_: errors.CountExists) -> Problem:
    return Problem(409, "inventaire-existant", "Cet inventaire_id a un autre contenu.")


def _nothing_to_count(_: errors.NothingToCount) -> Problem:
    detail = "Aucun produit n'est dans cette catégorie."
    fault = {"pointer": "/categorie", "code": "categorie-vide", "detail": detail}
    return Problem(422, "categorie-vide", detail, [fault])


def _count_closed(error: errors.CountClosed) -> Problem:
    word = WORD_OF_COUNT[error.status]
    detail = f"L'inventaire est dans l'état « {word} », qui ne permet pas cette opération."
    return Problem(409, "etat-de-l-inventaire", detail, members={"statut": word})


def _invalid_counting(error: errors.InvalidCounting) -> Problem:
    faults = [
        *_faults(
            *(error.strangers, "produit_id", "produit-hors-inventaire"),
            "L'inventaire ne porte pas sur ce produit.",
        ),
        *_faults(*(error.ahead, "compte_le", "instant-a-venir"), "Cet instant est à venir."),
        *_faults(
            *(error.early, "compte_le", "instant-avant-ouverture"),
            "L'inventaire n'était pas encore ouvert.",
        ),
    ]
    detail = f"{len(faults)} comptage(s) sont refusés ; rien n'a été enregistré."
    return Problem(422, INVALID, detail, faults)


def _faults(rows: Collection[int], member: str, code: str, detail: str) -> list[Fault]:
    return [
        {"pointer": json_pointer("lignes", row, member), "code": code, "detail": detail}
        for row in rows
    ]


COUNT_PROBLEMS: ProblemTable = {
    errors.UnknownCount: _unknown_count,
    errors.CountExists: _count_exists,
    errors.NothingToCount: _nothing_to_count,
    errors.CountClosed: _count_closed,
    errors.InvalidCounting: _invalid_counting,
}
