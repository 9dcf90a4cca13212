"""The problem of a sale that repeats the id of another one."""

from sales_service.api.words import translate_of_line
from sales_service.domain import errors
from service_kit.http.problems import Problem, ProblemTable, json_pointer


def _sale_exists(error: errors.SaleExists) -> Problem:
    faults = [
        {
            "pointer": json_pointer(
                *(translate_of_line(step) if isinstance(step, str) else step for step in member)
            ),
            "code": "contenu-different",
            "detail": "La vente enregistrée a une autre valeur.",
        }
        for member in error.differences
    ]
    detail = f"La vente {error.sale_id} existe déjà, avec un autre contenu."
    return Problem(409, "vente-existante", detail, faults)


REPETITION_PROBLEMS: ProblemTable = {errors.SaleExists: _sale_exists}
