"""The problems of errors about taxes, for the one table in `problems.py`."""

from sales_service.domain import tax_errors as errors
from service_kit.http.problems import Fault, Problem, ProblemTable, invalid_request, json_pointer


def _repeated_tax(error: errors.RepeatedTax) -> Problem:
    fault = {
        "pointer": json_pointer("taxes", error.index, "code"),
        "code": "taxe-repetee",
        "detail": f"La taxe {error.code} est déjà dans la liste.",
    }
    return invalid_request([fault])


def _unknown_tax_place(error: errors.UnknownTaxPlace) -> Problem:
    detail = f"Aucun taux n'est connu pour {error.name} : POST /api/taxes/ en ajoute."
    fault = {"pointer": "/lieu_fiscal", "code": "lieu-fiscal-inconnu", "detail": detail}
    return invalid_request([fault])


def _unknown_tax_class(error: errors.UnknownTaxClass) -> Problem:
    return invalid_request([_class_fault("/classe_taxe", error.name)])


def _unknown_tax_classes(error: errors.UnknownTaxClasses) -> Problem:
    return invalid_request(
        [
            _class_fault(json_pointer("produits", index, "classe_taxe"), name)
            for index, name in error.classes.items()
        ]
    )


def _class_fault(pointer: str, name: str) -> Fault:
    detail = f"Aucun lieu n'a de taux pour la classe {name} : POST /api/taxes/ en ajoute."
    return {"pointer": pointer, "code": "classe-taxe-inconnue", "detail": detail}


def _rate_exists(error: errors.RateExists) -> Problem:
    detail = f"Cette taxe a le taux {error.rate.normalize():f} à partir de cette date."
    fault = {"pointer": "/taux", "code": "taux-existant", "detail": detail}
    advice = "Un taux ne change pas : le suivant a une autre date (du)."
    return Problem(409, "taux-existant", advice, [fault])


def _unknown_rate(_: errors.UnknownRate) -> Problem:
    return Problem(404, "taux-introuvable", "Ce taux n'existe pas.")


def _rate_in_force(_: errors.RateInForce) -> Problem:
    detail = "Ce taux a commencé : il reste. POST /api/taxes/ en ajoute un autre."
    return Problem(409, "taux-en-vigueur", detail)


def _too_many_taxes(error: errors.TooManyTaxes) -> Problem:
    detail = f"Une classe a au plus {error.most} taxes (code) en un lieu."
    return Problem(409, "trop-de-taxes", detail)


TAX_PROBLEMS: ProblemTable = {
    errors.RepeatedTax: _repeated_tax,
    errors.UnknownTaxPlace: _unknown_tax_place,
    errors.UnknownTaxClass: _unknown_tax_class,
    errors.UnknownTaxClasses: _unknown_tax_classes,
    errors.RateExists: _rate_exists,
    errors.UnknownRate: _unknown_rate,
    errors.RateInForce: _rate_in_force,
    errors.TooManyTaxes: _too_many_taxes,
}
